// The peers of scripts/bench.
//   bench_peer THREADS OUT_FOLDER FILE...                 reads and writes EXR files with OpenEXR and nothing
//   else bench_peer inpaint ns|telea WIDTH HEIGHT X Y W H      fills a rectangle of rgb24 frames, stdin to
//   stdout, with OpenCV
#include <ImfChannelList.h>
#include <ImfFrameBuffer.h>
#include <ImfHeader.h>
#include <ImfInputFile.h>
#include <ImfOutputFile.h>
#include <ImfThreading.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <opencv2/core.hpp>
#include <opencv2/photo.hpp>
#include <string>
#include <vector>

namespace {

int fill_frames(const std::string& method, const std::vector<int>& size) {
    cv::Mat mask = cv::Mat::zeros(size[1], size[0], CV_8UC1);
    mask(cv::Rect(size[2], size[3], size[4], size[5])).setTo(255);
    cv::Mat frame(size[1], size[0], CV_8UC3), filled;
    const std::size_t bytes = frame.total() * frame.elemSize();
    constexpr double radius_px = 3;
    while (std::fread(frame.data, 1, bytes, stdin) == bytes) {
        cv::inpaint(frame, mask, filled, radius_px, method == "ns" ? cv::INPAINT_NS : cv::INPAINT_TELEA);
        if (std::fwrite(filled.data, 1, bytes, stdout) != bytes) return 1;
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4) return 2;
    if (argc == 9 && std::string(argv[1]) == "inpaint") {
        std::vector<int> size;
        for (int i = 3; i < argc; ++i) size.push_back(std::atoi(argv[i]));
        return fill_frames(argv[2], size);
    }
    Imf::setGlobalThreadCount(std::atoi(argv[1]));
    const std::filesystem::path out = argv[2];
    for (int i = 3; i < argc; ++i) {
        Imf::InputFile in(argv[i]);
        const Imath::Box2i window = in.header().dataWindow();
        const auto width = static_cast<std::size_t>(window.max.x - window.min.x + 1);
        const auto height = static_cast<std::size_t>(window.max.y - window.min.y + 1);
        std::size_t channels = 0;
        for (auto channel = in.header().channels().begin(); channel != in.header().channels().end();
             ++channel)
            ++channels;
        std::vector<char> pixels(channels * width * height * 2);
        Imf::FrameBuffer buffer;
        std::size_t index = 0;
        for (auto channel = in.header().channels().begin(); channel != in.header().channels().end();
             ++channel, ++index) {
            char* base = pixels.data() + index * width * height * 2 -
                         2 * (window.min.x + window.min.y * static_cast<std::ptrdiff_t>(width));
            buffer.insert(channel.name(), Imf::Slice(Imf::HALF, base, 2, 2 * width));
        }
        in.setFrameBuffer(buffer);
        in.readPixels(window.min.y, window.max.y);
        Imf::OutputFile file((out / std::filesystem::path(argv[i]).filename()).c_str(), in.header());
        file.setFrameBuffer(buffer);
        file.writePixels(static_cast<int>(height));
    }
    return 0;
}

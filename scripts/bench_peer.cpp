// The peers of scripts/bench.
//   bench_peer THREADS OUT_FOLDER FILE...                 reads and writes EXR files with OpenEXR and nothing
//   else bench_peer inpaint ns|telea WIDTH HEIGHT MASKS      fills rgb24 frames, stdin to stdout, with OpenCV
#include <ImfChannelList.h>
#include <ImfFrameBuffer.h>
#include <ImfHeader.h>
#include <ImfInputFile.h>
#include <ImfOutputFile.h>
#include <ImfThreading.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <opencv2/core.hpp>
#include <opencv2/photo.hpp>
#include <string>
#include <vector>

namespace {

/// Masks are bytes, a frame's after the other; not 0: to be filled.
int fill_frames(const std::string& method, int width, int height, const char* masks) {
    cv::Mat frame(height, width, CV_8UC3), mask(height, width, CV_8UC1), filled;
    const std::size_t pixels = frame.total();
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(masks, "rb"), std::fclose);
    if (!file) return 1;
    constexpr double radius_px = 3;
    while (std::fread(frame.data, 3, pixels, stdin) == pixels) {
        if (std::fread(mask.data, 1, pixels, file.get()) != pixels) return 1;
        cv::inpaint(frame, mask, filled, radius_px, method == "ns" ? cv::INPAINT_NS : cv::INPAINT_TELEA);
        if (std::fwrite(filled.data, 3, pixels, stdout) != pixels) return 1;
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4) return 2;
    if (argc == 6 && std::string(argv[1]) == "inpaint")
        return fill_frames(argv[2], std::atoi(argv[3]), std::atoi(argv[4]), argv[5]);
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

// The peer of scripts/bench: reads and writes EXR files with OpenEXR and nothing else.
//   bench_peer THREADS OUT_FOLDER FILE...
#include <ImfChannelList.h>
#include <ImfFrameBuffer.h>
#include <ImfHeader.h>
#include <ImfInputFile.h>
#include <ImfOutputFile.h>
#include <ImfThreading.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

int main(int argc, char** argv) {
    if (argc < 4) return 2;
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

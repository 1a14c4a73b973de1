// DPX, Cineon, TIFF, PNG and JPEG, whatever the first bytes say.
#include "media/still.h"

#include "fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace fuzz = wetgate::fuzz;
    const fuzz::InputFile file("input.still", fuzz::bytes_of(data, size));
    wetgate::HostFrame frame;
    const auto read = [&] { frame = wetgate::media::read_still(file.path(), 1001, {}); };
    if (!fuzz::takes({wetgate::ErrorKind::Input}, read)) return 0;
    fuzz::require(!frame.window().empty() && frame.bytes() > 0, "a picture has pixels");
    for (const wetgate::Plane& plane : frame.worked_part().planes) {
        const std::size_t wanted = plane.row_bytes() * static_cast<std::size_t>(plane.height);
        fuzz::require(plane.data && plane.data->size() == wanted, "a plane has the samples that it says");
    }
    return 0;
}

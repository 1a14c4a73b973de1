#include "media/exr_streams.h"

#include <Iex.h>

#include <algorithm>
#include <cstring>

namespace wetgate::media::exr {

bool SplicedInput::read(char bytes[], int count) {
    const auto wanted = static_cast<std::uint64_t>(std::max(count, 0));
    if (position_ > size() || wanted > size() - position_) throw Iex::InputExc("the file ends too early");
    std::uint64_t done = 0;
    if (position_ < front_.size()) {
        done = std::min<std::uint64_t>(wanted, front_.size() - position_);
        std::memcpy(bytes, front_.data() + position_, done);
    }
    if (done < wanted) {
        std::memcpy(bytes + done, chunks_.data() + (position_ + done - front_.size()), wanted - done);
    }
    position_ += wanted;
    return position_ < size();
}

void GrowingOutput::write(const char bytes[], int count) {
    const auto size = static_cast<std::size_t>(std::max(count, 0));
    const auto* first = reinterpret_cast<const std::byte*>(bytes);
    const std::size_t overlap =
        std::min(size, bytes_.size() - std::min<std::size_t>(bytes_.size(), position_));
    if (position_ > bytes_.size()) bytes_.resize(position_);
    std::copy_n(first, overlap, bytes_.begin() + static_cast<std::ptrdiff_t>(position_));
    bytes_.insert(bytes_.end(), first + overlap, first + size);
    position_ += size;
}

}  // namespace wetgate::media::exr

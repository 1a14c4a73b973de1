#pragma once
#include <map>
#include <string>
#include <vector>

#include "media/movie_index.h"

namespace wetgate::media {

/// Decodes frames by number. Every picture is matched to the packet that it came from; for one thread.
///
/// Note [Damage spreads to the next key]
/// In a codec with prediction a damaged packet spoils what is decoded after it, and only the damaged picture
/// is marked. A frame is given out only if every packet from its start (MovieIndex::start_for) up to its own
/// came out whole. That set does not depend on what was read before: any split of a shot refuses the same
/// frames.
class MovieDecoder {
public:
    /// `index` and `reader` must outlive it.
    MovieDecoder(const AVCodecParameters& parameters, const MovieIndex& index, PacketReader& reader,
                 std::int64_t most_pixels, int threads);

    /// Error{Input} for a frame that cannot be decoded whole, or whose geometry is not the movie's.
    UniqueFrame decode(int frame);

private:
    enum class State : char { Unknown, Whole, Bad };

    UniqueFrame decode_intra(std::int32_t packet);
    UniqueFrame decode_predicted(int frame);
    void restart(std::int32_t packet);
    bool can_continue(int frame, std::int32_t start) const;
    bool settled(std::int32_t first, std::int32_t last, int key_frame) const;
    void advance();
    void collect();
    void take(UniqueFrame picture);
    void give_up_overdue();
    void mark(std::int32_t packet, State state, const std::string& why = {});
    void note(int code);

    const MovieIndex& index_;
    PacketReader& reader_;
    UniqueCodecContext context_;
    std::string last_fault_;

    bool running_ = false, drained_ = false;
    std::int32_t start_ = 0, next_ = 0;
    std::int32_t first_open_ = 0;  ///< no packet before it is Unknown
    int newest_ = -1;              ///< highest frame that came out since start_
    std::vector<State> states_;    ///< of packets from start_ on
    std::map<std::int32_t, std::string> faults_;
    std::map<int, UniqueFrame> pending_;  ///< came out, not yet asked for
};

}  // namespace wetgate::media

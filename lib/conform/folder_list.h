#pragma once
#include <filesystem>
#include <optional>
#include <vector>

#include "conform/cut_list.h"
#include "conform/match.h"
#include "conform/media_pool.h"

namespace wetgate::conform {

/// A list of all that lies in a folder, and where each event of it is.
struct FolderList {
    CutList list;
    std::vector<std::optional<Match>> matches;  ///< one an event, as of match_events()
};

/// An event for each of `media` that lies under `folder`, whole, in their order. Its clip, which names the
/// shot, comes from its path alone, so that other media that come and go do not rename it: the folders below
/// `folder` and the file's name, "_" between them, without folders that the name begins with
/// ("sh010/sh010.####.exr" is sh010, "day1/A001.mov" is day1_A001). Two of one name are Ambiguous; media that
/// cannot be opened, or whose frame rate neither they nor `rate` say, are Refused; frames that a sequence
/// lacks are noted.
FolderList list_of_folder(const std::filesystem::path& folder, const std::vector<MediaItem>& media,
                          const std::optional<Rate>& rate);

}  // namespace wetgate::conform

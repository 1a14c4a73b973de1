#pragma once
#include <string>

namespace wetgate::qc {

/// Small pictures of a frame for the report's page.
struct Thumbnail {
    std::string shot;
    int frame = 0;
    std::string before, after, touch;  ///< JPEG files; `touch` is empty where no pass was at work
};

}  // namespace wetgate::qc

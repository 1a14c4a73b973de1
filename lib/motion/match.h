#pragma once
#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "motion/flow.h"
#include "motion/track.h"

namespace wetgate::motion {

/// What of a picture is found again in another one, taken from elsewhere or at another time: SIFT (Lowe,
/// 2004), by OpenCV. A pure function of the picture.
class PictureFeatures {
public:
    explicit PictureFeatures(const GrayImage& picture);
    ~PictureFeatures();
    PictureFeatures(PictureFeatures&&) noexcept;
    PictureFeatures& operator=(PictureFeatures&&) noexcept;

    struct Found;
    const Found& found() const { return *found_; }

private:
    std::unique_ptr<Found> found_;
};

/// How one picture lies in another.
struct PictureMatch {
    int matches = 0;  ///< features found again that one projective map brings near their place
    int cells = 0;    ///< cells of an 8x8 grid over the first picture that hold one
    Homography map;   ///< of the pixels of the first picture to those of the second; with 8 matches or more
};

/// Features whose best match is mutual and much better than the second best (ratio 0.75), that agree on a
/// homography within about 2 % of the width, by RANSAC with a fixed seed.
PictureMatch match_pictures(const PictureFeatures& first, const PictureFeatures& second);

}  // namespace wetgate::motion

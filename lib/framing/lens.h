#pragma once
#include <array>
#include <cstdint>
#include <optional>

namespace wetgate::framing {

/// What a lens does to a picture, in coefficients. With x, y from the lens's centre in its units and
/// s = x^2 + y^2, Brown and Conrady's polynomial takes (x, y) to
///
///     x g + 2 x y (p1 + p3 s) + (s + 2 x^2) (p2 + p4 s)
///     y g + (s + 2 y^2) (p1 + p3 s) + 2 x y (p2 + p4 s)
///
/// where g = (1 + k1 s + k2 s^2 + k3 s^3) / (1 + k4 s + k5 s^2 + k6 s^3).
struct LensModel {
    enum class Convention : std::uint8_t {
        /// The polynomial takes the ideal picture to the plate; the units are the focal lengths in pixels.
        /// k1 .. k6, p1, p2 are OpenCV's; p3 and p4 are 0 there.
        OpenCv,
        /// The polynomial takes the plate to the ideal picture; the unit is half the picture's diagonal. k1,
        /// k2 are 3DEqualizer's "Distortion - Degree 2" and "Quartic Distortion - Degree 4" of its model
        /// "Radial - Standard, Degree 4", p2, p1 its "U, V - Degree 2", p4, p3 its "U, V - Degree 4";
        /// k3 .. k6 are 0 there, and so must its cylindric terms be.
        ThreeDe
    };
    Convention convention = Convention::OpenCv;
    double centre_x = 0, centre_y = 0;  ///< px; pixel (x, y) is the centre of its sample
    double unit_x = 1, unit_y = 1;      ///< px
    double pixel_aspect = 1;            ///< width / height of a pixel: the vignette is round on the screen
    std::array<double, 6> k{};
    std::array<double, 4> p{};
    /// Lateral colour of R, G, B: the channel lies at (1 + [0] + [1] r^2) times the place from the centre
    /// where the polynomial says, r taken there, in the plate.
    std::array<std::array<double, 2>, 3> colour{};
    /// Of the plate's light at r, in half diagonals about the centre: 1 + v1 r^2 + v2 r^4 + v3 r^6.
    std::array<double, 3> vignette{};
};

/// A lens model for pictures of one size, checked.
class Lens {
public:
    using Place = std::array<double, 2>;  ///< x, y: pixels of a picture

    /// Error{Usage} for numbers that are not finite, units that are not above 0, or a vignette that leaves
    /// less than a hundredth of the light somewhere in a picture of `width` x `height`.
    Lens(const LensModel& model, int width, int height);

    LensModel::Convention convention() const { return model_.convention; }
    /// Where the plate's `channel` (0 R, 1 G, 2 B) shows what an ideal lens would show at (x, y). nullopt
    /// where the polynomial folds over: no plate shows it.
    std::optional<Place> plate_of(double x, double y, int channel) const;
    /// The way back, to 1e-9 of a unit. nullopt where nothing comes from.
    std::optional<Place> ideal_of(double x, double y, int channel) const;
    /// What the vignette leaves of the light at (x, y) of the plate: divide by it.
    double light_at(double x, double y) const;

private:
    std::optional<Place> bent(Place at) const;      // the polynomial
    std::optional<Place> straight(Place at) const;  // its inverse
    Place polynomial(Place at) const;
    double radial(double r) const;

    LensModel model_;
    double half_diagonal_px_;
    double fold_;  // where the radial part stops to grow, in units; infinite where it does not
};

}  // namespace wetgate::framing

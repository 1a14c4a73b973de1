#include "framing/lens.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.h"

namespace wetgate::framing {
namespace {

constexpr double farthest = 16;  // units: beyond what any lens sees
constexpr int fold_steps = 4096;
constexpr int most_rounds = 60;
constexpr double precise = 1e-12;  // units
constexpr double least_light = 0.01;

void refuse(const char* what) {
    throw Error(ErrorKind::Usage, std::string("lens: ") + what);
}

template <class... Lists>
bool all_finite(const Lists&... lists) {
    const auto finite = [](const auto& list) {
        return std::all_of(list.begin(), list.end(), [](double value) { return std::isfinite(value); });
    };
    return (finite(lists) && ...);
}

}  // namespace

Lens::Lens(const LensModel& model, int width, int height)
    : model_(model),
      half_diagonal_px_(0.5 * std::hypot(model.pixel_aspect * width, height)),
      fold_(std::numeric_limits<double>::infinity()) {
    const std::array<double, 5> numbers = {model.centre_x, model.centre_y, model.unit_x, model.unit_y,
                                           model.pixel_aspect};
    if (!all_finite(numbers, model.k, model.p, model.colour[0], model.colour[1], model.colour[2],
                    model.vignette))
        refuse("a coefficient is not a finite number");
    if (!(model.unit_x > 0 && model.unit_y > 0)) refuse("its focal length or unit must be above 0");
    if (!(model.pixel_aspect > 0)) refuse("a pixel's aspect must be above 0");
    double before = 0;
    for (int i = 1; i <= fold_steps; ++i) {
        const double r = farthest * i / fold_steps, now = radial(r);
        if (!(now > before)) {
            fold_ = farthest * (i - 1) / fold_steps;
            break;
        }
        before = now;
    }
    const double right = width - 0.5, bottom = height - 0.5;
    double most = 0;
    for (const double x : {-0.5, right})
        for (const double y : {-0.5, bottom})
            most = std::max(most, std::hypot(model.pixel_aspect * (x - model.centre_x), y - model.centre_y));
    for (int i = 0; i <= fold_steps; ++i) {
        if (!(light_at(model.centre_x, model.centre_y + most * i / fold_steps) >= least_light))
            refuse(
                "its vignette leaves less than a hundredth of the light in the picture: check the "
                "coefficients");
    }
}

double Lens::radial(double r) const {
    const double s = r * r;
    const auto& k = model_.k;
    const double below = 1 + s * (k[3] + s * (k[4] + s * k[5]));
    if (!(below > 0)) return std::numeric_limits<double>::quiet_NaN();
    return r * (1 + s * (k[0] + s * (k[1] + s * k[2]))) / below;
}

Lens::Place Lens::polynomial(Place at) const {
    const auto [x, y] = at;
    const double s = x * x + y * y, r = std::sqrt(s);
    const double grown = r > 0 ? radial(r) / r : 1;
    const double down = model_.p[0] + model_.p[2] * s, across = model_.p[1] + model_.p[3] * s;
    return {x * grown + 2 * x * y * down + (s + 2 * x * x) * across,
            y * grown + (s + 2 * y * y) * down + 2 * x * y * across};
}

std::optional<Lens::Place> Lens::bent(Place at) const {
    if (!(std::hypot(at[0], at[1]) <= std::min(fold_, farthest))) return std::nullopt;
    return polynomial(at);
}

std::optional<Lens::Place> Lens::straight(Place at) const {
    // The radial part alone by bisection, then both by Newton's method.
    const double target = std::hypot(at[0], at[1]);
    double low = 0, high = std::min(fold_, farthest);
    if (!(radial(high) >= target)) {
        if (!(target < 1.1 * radial(high))) return std::nullopt;  // the tangential part may still reach it
        low = high;
    }
    for (int i = 0; i < most_rounds; ++i) {
        const double middle = 0.5 * (low + high);
        (radial(middle) < target ? low : high) = middle;
    }
    const double shrunk = target > 0 ? low / target : 1;
    Place guess = {at[0] * shrunk, at[1] * shrunk};
    for (int i = 0; i < most_rounds; ++i) {
        const Place now = polynomial(guess);
        const double ex = now[0] - at[0], ey = now[1] - at[1];
        if (std::hypot(ex, ey) < precise) return bent(guess) ? std::optional(guess) : std::nullopt;
        constexpr double h = 1e-6;
        const Place right = polynomial({guess[0] + h, guess[1]}), left = polynomial({guess[0] - h, guess[1]});
        const Place below = polynomial({guess[0], guess[1] + h}),
                    above = polynomial({guess[0], guess[1] - h});
        const double xx = (right[0] - left[0]) / (2 * h), xy = (below[0] - above[0]) / (2 * h);
        const double yx = (right[1] - left[1]) / (2 * h), yy = (below[1] - above[1]) / (2 * h);
        const double determinant = xx * yy - xy * yx;
        if (!(determinant > 1e-9)) return std::nullopt;  // at the fold
        guess[0] -= (yy * ex - xy * ey) / determinant;
        guess[1] -= (xx * ey - yx * ex) / determinant;
    }
    return std::nullopt;
}

std::optional<Lens::Place> Lens::plate_of(double x, double y, int channel) const {
    const Place ideal = {(x - model_.centre_x) / model_.unit_x, (y - model_.centre_y) / model_.unit_y};
    const auto plate = model_.convention == LensModel::Convention::OpenCv ? bent(ideal) : straight(ideal);
    if (!plate) return std::nullopt;
    const auto& colour = model_.colour.at(static_cast<std::size_t>(channel));
    const double grown = 1 + colour[0] + colour[1] * ((*plate)[0] * (*plate)[0] + (*plate)[1] * (*plate)[1]);
    return Place{model_.centre_x + model_.unit_x * (*plate)[0] * grown,
                 model_.centre_y + model_.unit_y * (*plate)[1] * grown};
}

std::optional<Lens::Place> Lens::ideal_of(double x, double y, int channel) const {
    Place plate = {(x - model_.centre_x) / model_.unit_x, (y - model_.centre_y) / model_.unit_y};
    // r (1 + c + d r^2) = R, by Newton's method from R.
    const auto& [c, d] = model_.colour.at(static_cast<std::size_t>(channel));
    const double target = std::hypot(plate[0], plate[1]);
    double r = target;
    for (int i = 0; i < most_rounds && std::abs(r * (1 + c + d * r * r) - target) > precise; ++i)
        r -= (r * (1 + c + d * r * r) - target) / (1 + c + 3 * d * r * r);
    if (!(r >= 0 && std::abs(r * (1 + c + d * r * r) - target) <= precise)) return std::nullopt;
    if (target > 0) plate = {plate[0] * r / target, plate[1] * r / target};
    const auto ideal = model_.convention == LensModel::Convention::OpenCv ? straight(plate) : bent(plate);
    if (!ideal) return std::nullopt;
    return Place{model_.centre_x + model_.unit_x * (*ideal)[0],
                 model_.centre_y + model_.unit_y * (*ideal)[1]};
}

double Lens::light_at(double x, double y) const {
    const double r =
        std::hypot(model_.pixel_aspect * (x - model_.centre_x), y - model_.centre_y) / half_diagonal_px_;
    const double s = r * r;
    return 1 + s * (model_.vignette[0] + s * (model_.vignette[1] + s * model_.vignette[2]));
}

}  // namespace wetgate::framing

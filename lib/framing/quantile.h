#pragma once
#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace wetgate::framing {

/// The value below which `share` (0 to 1) of `values` lie, the nearest of them; 0 for none.
inline double quantile(std::vector<double> values, double share) {
    if (values.empty()) return 0;
    const auto at =
        values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1) + 0.5);
    std::nth_element(values.begin(), at, values.end());
    return *at;
}

inline double median(std::vector<double> values) {
    return quantile(std::move(values), 0.5);
}

}  // namespace wetgate::framing

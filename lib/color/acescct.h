#pragma once

namespace wetgate::color {

/// S-2016-001, section 4.4. The toe is the tangent of the log segment at linear_break.
namespace acescct {
inline constexpr double linear_break = 0.0078125;
inline constexpr double coded_break = 0.155251141552511;
inline constexpr double toe_slope = 10.5402377416545;
inline constexpr double toe_offset = 0.0729055341958355;
inline constexpr double offset = 9.72;
inline constexpr double stops = 17.52;
}  // namespace acescct

/// ACEScct (S-2016-001): log coding of ACEScg values whose linear toe carries negatives. All channels alike.
float acescct_from_linear(float linear);
float linear_from_acescct(float coded);

}  // namespace wetgate::color

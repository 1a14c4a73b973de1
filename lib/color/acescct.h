#pragma once

namespace wetgate::color {

/// ACEScct (S-2016-001): log coding of ACEScg values whose linear toe carries negatives. All channels alike.
float acescct_from_linear(float linear);
float linear_from_acescct(float coded);

}  // namespace wetgate::color

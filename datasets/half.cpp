#include "datasets/half.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace mtlgrid {

std::uint16_t to_half(double value) {
  const std::uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  if (std::isnan(value)) return sign | 0x7e00;
  if (std::isinf(value)) return sign | 0x7c00;
  if (value == 0) return sign;  // frexp knows no exponent of it
  int exponent = 0;             // |value| = m 2^exponent, m in [0.5, 1)
  std::frexp(value, &exponent);
  // The spacing of float16 there is 2^(binade - 24), the smallest 2^-24. `steps` of it, up to 2048, carry over into
  // the exponent field by themselves.
  const int binade = std::max(exponent + 13, 0);
  if (binade > 30) return sign | 0x7c00;
  const double steps = std::nearbyint(std::ldexp(std::fabs(value), 24 - binade));
  return static_cast<std::uint16_t>(sign | std::min(static_cast<int>(steps) + binade * 1024, 0x7c00));
}

double from_half(std::uint16_t bits) {
  const int field = (bits >> 10) & 31, mantissa = bits & 1023;
  double size = 0;
  if (field == 31) {
    size = mantissa == 0 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
  } else {
    size = field == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, field - 25);
  }
  return (bits & 0x8000) != 0 ? -size : size;
}

}  // namespace mtlgrid

#include "base/progress_bar.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mtlgrid {
namespace {

double clamped(double share) { return std::isnan(share) ? 0 : std::clamp(share, 0.0, 1.0); }

}  // namespace

int whole_percent(double share) { return static_cast<int>(std::floor(100 * clamped(share))); }

std::string progress_bar(double share, std::size_t columns) {
  const std::string percent = fmt::format("{:3} %", whole_percent(share));
  if (columns == 0) return percent;
  const auto filled = static_cast<std::size_t>(clamped(share) * static_cast<double>(columns));
  return fmt::format("[{}{}] {}", std::string(filled, '#'), std::string(columns - filled, '.'), percent);
}

}  // namespace mtlgrid

#include "base/local_time.h"

#include <array>
#include <cmath>
#include <ctime>
#include <optional>

namespace mtlgrid {
namespace {

constexpr double kYear9999 = 253402300799;
constexpr double kSixDays = 6 * 86400.0;

std::optional<std::tm> local(double seconds) {
  if (!(seconds >= 0 && seconds <= kYear9999)) return std::nullopt;
  const auto time = static_cast<std::time_t>(seconds);
  std::tm parts{};
  return localtime_r(&time, &parts) == nullptr ? std::nullopt : std::optional(parts);
}

std::string written(double seconds, const char* format) {
  const auto parts = local(seconds);
  std::array<char, 64> text{};
  if (!parts || std::strftime(text.data(), text.size(), format, &*parts) == 0) return "?";
  return text.data();
}

}  // namespace

std::string local_time(double seconds) { return written(seconds, "%F %T"); }

std::string local_clock(double seconds) { return written(seconds, "%T"); }

std::string expected_at(double seconds, double now) {
  const double minute = std::ceil(seconds / 60) * 60;
  const auto then = local(minute), today = local(now);
  const bool same_day = then && today && then->tm_year == today->tm_year && then->tm_yday == today->tm_yday;
  return written(minute, same_day ? "%H:%M" : minute - now < kSixDays ? "%a %H:%M" : "%F %H:%M");
}

}  // namespace mtlgrid

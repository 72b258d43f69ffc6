#include "datasets/workbooks/serial_dates.h"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <regex>

namespace mtlgrid {
namespace {

constexpr std::int64_t kMillisecondsOfDay = 86'400'000, kMicrosecondsOfDay = 86'400'000'000;
constexpr double kMostDays = 999'999'999;  // of Python's timedelta

std::string clock(std::int64_t seconds, std::int64_t microseconds, int hour_digits) {
  std::string text = fmt::format("{:0{}}:{:02}:{:02}", seconds / 3600, hour_digits, seconds / 60 % 60, seconds % 60);
  if (microseconds > 0) text += fmt::format(".{:06}", microseconds);
  return text;
}

// "-1 day, 23:00:00" of days, which may be negative, and a part of a day, which is not.
std::string duration(std::int64_t days, std::int64_t microseconds) {
  std::string text;
  if (days != 0) text = fmt::format("{} day{}, ", days, std::abs(days) == 1 ? "" : "s");
  return text + clock(microseconds / 1'000'000, microseconds % 1'000'000, 1);
}

std::optional<std::string> date(std::chrono::year_month_day day) {
  const int year = static_cast<int>(day.year());
  if (!day.ok() || year < 1 || year > 9999) return std::nullopt;
  return fmt::format("{:04}-{:02}-{:02}", year, static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
}

// Microseconds of a part of a day, rounded to an even number where two are as near, as Python's timedelta rounds.
std::int64_t microseconds_of(double part_of_day) {
  double whole = 0;
  const double rest = std::modf(static_cast<double>(kMicrosecondsOfDay) * part_of_day, &whole);
  double rounded = std::round(rest);
  if (std::abs(rounded - rest) == 0.5) {
    const double odd = std::fmod(whole, 2) != 0 ? 1 : 0;
    rounded = 2 * std::round((rest + odd) * 0.5) - odd;
  }
  return static_cast<std::int64_t>(whole) + static_cast<std::int64_t>(rounded);
}

// To the nearest thousand, to an even one where two are as near.
std::int64_t to_thousands(std::int64_t number) {
  return static_cast<std::int64_t>(std::nearbyint(static_cast<double>(number) / 1000)) * 1000;
}

int number_of(const std::sub_match<std::string_view::const_iterator>& digits) {
  return digits.matched ? std::atoi(digits.str().c_str()) : 0;
}

}  // namespace

std::optional<std::string> date_text(double serial, DateSystem system) {
  if (!(std::abs(serial) <= kMostDays)) return std::nullopt;
  double day = std::floor(serial);
  const auto milliseconds = static_cast<std::int64_t>(std::nearbyint((serial - day) * 86'400 * 1000));
  if (serial >= 0 && serial < 1 && milliseconds < kMillisecondsOfDay) {
    return clock(milliseconds / 1000, milliseconds % 1000 * 1000, 2);
  }
  if (system == DateSystem::from_1900 && serial > 0 && serial < 60) ++day;  // before the 29th of February that was not
  const std::chrono::sys_days first =
      system == DateSystem::from_1900 ? std::chrono::year{1899} / 12 / 30 : std::chrono::year{1904} / 1 / 1;
  const auto days = static_cast<std::int64_t>(day) + milliseconds / kMillisecondsOfDay;
  if (std::abs(days) > 4'000'000) return std::nullopt;  // year_month_day ends at 32767
  const auto text = date(first + std::chrono::days(days));
  if (!text) return std::nullopt;
  const std::int64_t rest = milliseconds % kMillisecondsOfDay;
  return *text + " " + clock(rest / 1000, rest % 1000 * 1000, 2);
}

std::optional<std::string> duration_text(double days) {
  if (!(std::abs(days) <= kMostDays)) return std::nullopt;
  double whole = 0;
  const double part = std::modf(days, &whole);
  auto day = static_cast<std::int64_t>(whole);
  std::int64_t microseconds = microseconds_of(part);
  if (microseconds % 1'000'000 != 0) {
    const auto seconds = static_cast<std::int64_t>(std::floor(static_cast<double>(microseconds) / 1e6));
    microseconds = seconds * 1'000'000 + to_thousands(microseconds - seconds * 1'000'000);
  }
  while (microseconds < 0) {
    microseconds += kMicrosecondsOfDay;
    --day;
  }
  return duration(day + microseconds / kMicrosecondsOfDay, microseconds % kMicrosecondsOfDay);
}

std::optional<std::string> iso_text(std::string_view iso) {
  using View = std::match_results<std::string_view::const_iterator>;
  static const std::regex kMoment(R"((?:(\d{4})-(\d{2})-(\d{2}))?T?(?:(\d{2}):(\d{2})(?::(\d{2})(\.\d{1,3})?)?)?Z?)");
  static const std::regex kDuration(R"(PT(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,9}(?:\.\d{1,3})?)S)?)");
  View found;
  if (iso.size() > 40) return std::nullopt;
  if (std::regex_match(iso.begin(), iso.end(), found, kMoment) && (found[1].matched || found[4].matched)) {
    const int hour = number_of(found[4]), minute = number_of(found[5]), second = number_of(found[6]);
    if (hour > 23 || minute > 59 || second > 59) return std::nullopt;
    // As openpyxl, which cuts what is not a whole microsecond.
    const auto microseconds =
        found[7].matched ? static_cast<std::int64_t>(std::strtod(found[7].str().c_str(), nullptr) * 1'000'000) : 0;
    const std::string time = clock(hour * 3600 + minute * 60 + second, microseconds, 2);
    if (!found[1].matched) return time;
    const auto day = date(std::chrono::year{number_of(found[1])} / number_of(found[2]) / number_of(found[3]));
    if (!day || !found[4].matched) return day;
    return *day + " " + time;
  }
  if (std::regex_match(iso.begin(), iso.end(), found, kDuration) && iso.size() > 2) {
    const double seconds = found[3].matched ? std::strtod(found[3].str().c_str(), nullptr) : 0;
    const std::int64_t whole = number_of(found[1]) * std::int64_t{3600} + number_of(found[2]) * std::int64_t{60};
    const auto microseconds = whole * 1'000'000 + static_cast<std::int64_t>(std::nearbyint(seconds * 1e6));
    return duration(microseconds / kMicrosecondsOfDay, microseconds % kMicrosecondsOfDay);
  }
  return std::nullopt;
}

}  // namespace mtlgrid

// The numbers by which workbooks keep dates, times and durations, as text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mtlgrid {

// Day 1 of a workbook is 1900-01-01 (with a 29th of February in 1900 that never was), or day 0 is 1904-01-01.
enum class DateSystem { from_1900, from_1904 };

// All texts are Python's str() of what openpyxl 3.1 makes of the number, which is what pandas shows.

// "2020-03-01 00:00:00", or "12:30:00" of a part of a day; fractions of a second to the millisecond,
// "12:30:00.500000". nullopt outside the years 1 to 9999.
std::optional<std::string> date_text(double serial, DateSystem system);
// "1 day, 2:03:04", of days. nullopt from 1,000,000,000 days on.
std::optional<std::string> duration_text(double days);
// The same of a date, a time, both, or a duration in the form of ISO 8601: "2020-03-01", "2020-03-01T12:30:00",
// "12:30", "PT1H2M". nullopt if it is something else.
std::optional<std::string> iso_text(std::string_view iso);

}  // namespace mtlgrid

// Times on the clock of whoever looks on: the time zone of this process (TZ, /etc/localtime).
#pragma once

#include <string>

namespace mtlgrid {

// "2026-11-29 12:03:55", of seconds since 1970; "?" for a number that is not such a time (NaN).
std::string local_time(double seconds);
// "12:03:55".
std::string local_clock(double seconds);
// When something ends that takes a while, rounded up to minutes: "14:05", on another day than `now` "Tue 14:05", more
// than six days later "2026-12-08 14:05". "?" as above.
std::string expected_at(double seconds, double now);

}  // namespace mtlgrid

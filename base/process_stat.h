// What the system says of a process, whoever's it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mtlgrid {

// /proc/PID/stat, taken apart.
struct ProcessStat {
  std::string name;                 // of its program; may have blanks and brackets of its own
  std::vector<std::string> fields;  // the third field of proc(5), the state, and those after it

  // Field `number` as proc(5) counts them, from 3; "" if the system does not have it.
  std::string field(std::size_t number) const;
};
// nullopt if there is no such process.
std::optional<ProcessStat> process_stat(std::int64_t id);

}  // namespace mtlgrid

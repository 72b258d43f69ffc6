#include "base/process_stat.h"

#include <fstream>
#include <iterator>
#include <sstream>

namespace mtlgrid {

namespace {

constexpr std::size_t kFirstField = 3;  // of those after the name

}  // namespace

std::string ProcessStat::field(std::size_t number) const {
  return number - kFirstField < fields.size() ? fields[number - kFirstField] : "";
}

std::optional<ProcessStat> process_stat(std::int64_t id) {
  std::ifstream file("/proc/" + std::to_string(id) + "/stat");
  const std::string line{std::istreambuf_iterator<char>(file), {}};
  const auto begin = line.find('('), end = line.rfind(')');
  if (begin == std::string::npos || end == std::string::npos || end < begin) return std::nullopt;
  std::istringstream rest(line.substr(end + 1));
  return ProcessStat{line.substr(begin + 1, end - begin - 1),
                     {std::istream_iterator<std::string>(rest), std::istream_iterator<std::string>()}};
}

}  // namespace mtlgrid

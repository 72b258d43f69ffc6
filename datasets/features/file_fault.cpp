#include "datasets/features/file_fault.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/text.h"

namespace mtlgrid {

std::string what_it_has(const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 10;
  if (names.empty()) return "it has nothing";
  std::vector<std::string> shown;
  for (std::size_t i = 0; i < std::min(kMost, names.size()); ++i) {
    shown.push_back(cut_to(printable(names[i]), kShownName));
  }
  const std::size_t more = names.size() - shown.size();
  return fmt::format("it has '{}'{}", fmt::join(shown, "', '"), more == 0 ? "" : fmt::format(" and {} more", more));
}

}  // namespace mtlgrid

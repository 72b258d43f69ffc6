#include "base/cell.h"

#include <charconv>
#include <vector>

#include "base/errors.h"

namespace mtlgrid {

Cell Cell::parse(const std::string& name) {
  std::vector<std::string> parts(1);
  for (char c : name) {
    if (c == '/') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  int fold = -1;
  if (parts.size() == 4) {
    const std::string& text = parts[3];
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), fold);
    if (error != std::errc() || end != text.data() + text.size()) fold = -1;
  }
  if (fold < 0 || parts[0].empty() || parts[1].empty() || parts[2].empty()) {
    throw InputError("'" + name + "' is not a cell; write BIOMARKER/AUXILIARY/METHOD/FOLD, e.g. MSI/LF/autol+cagrad/3");
  }
  return {parts[0], parts[1], parts[2], fold};
}

}  // namespace mtlgrid

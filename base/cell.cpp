#include "base/cell.h"

#include <charconv>
#include <string_view>
#include <vector>

#include "base/errors.h"

namespace mtlgrid {
namespace {

// -1 for what is not a whole number.
int number(std::string_view text) {
  int value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : -1;
}

}  // namespace

Cell Cell::parse(const std::string& name) {
  std::vector<std::string> parts(1);
  for (char c : name) {
    if (c == '/') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  if (parts.size() == 4) {
    const std::string_view last = parts[3];
    const std::size_t dot = last.find('.');
    const Cell cell = {parts[0], parts[1], parts[2], number(last.substr(0, dot)),
                       dot == std::string_view::npos ? 0 : number(last.substr(dot + 1))};
    if (cell.name() == name && cell.fold >= 0 && !parts[0].empty() && !parts[1].empty() && !parts[2].empty()) {
      return cell;
    }
  }
  throw InputError("'" + name +
                   "' is not a cell; write BIOMARKER/AUXILIARY/METHOD/FOLD, e.g. MSI/LF/autol+cagrad/3, "
                   "and FOLD.REPEAT for a repeat after the first, e.g. MSI/LF/autol+cagrad/3.1");
}

void to_json(nlohmann::json& j, const Cell& cell) {
  j = {{"biomarker", cell.biomarker}, {"auxiliary", cell.auxiliary}, {"method", cell.method}, {"fold", cell.fold}};
  if (cell.repeat != 0) j["repeat"] = cell.repeat;
}

void from_json(const nlohmann::json& j, Cell& cell) {
  j.at("biomarker").get_to(cell.biomarker);
  j.at("auxiliary").get_to(cell.auxiliary);
  j.at("method").get_to(cell.method);
  j.at("fold").get_to(cell.fold);
  cell.repeat = j.value("repeat", 0);
}

}  // namespace mtlgrid

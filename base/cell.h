// A cell of the grid, and its name.
#pragma once

#include <compare>
#include <nlohmann/json.hpp>
#include <string>

namespace mtlgrid {

// One (biomarker, auxiliary, method, fold); written `MSI/LF/autol+cagrad/3` everywhere.
struct Cell {
  std::string biomarker, auxiliary, method;
  int fold = 0;

  std::string name() const { return biomarker + "/" + auxiliary + "/" + method + "/" + std::to_string(fold); }
  // The cell of that name. Throws InputError with the form of a name if it is not one.
  static Cell parse(const std::string& name);
  auto operator<=>(const Cell&) const = default;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Cell, biomarker, auxiliary, method, fold)

}  // namespace mtlgrid

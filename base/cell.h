// A cell of a grid, and its name.
#pragma once

#include <compare>
#include <nlohmann/json.hpp>
#include <string>

namespace mtlgrid {

// In place of a method: the cell is a slide of a grid of slides (`mtlgrid extract`).
inline constexpr const char* kExtract = "extract";

// One (biomarker, auxiliary, method, fold); written `MSI/LF/autol+cagrad/3` everywhere. What a coordinator hands out is
// always a cell; in a grid of slides it is a slide, (cohort, slide, kExtract, 0), written `TCGA-CRC/a/slide 1`.
struct Cell {
  std::string biomarker, auxiliary, method;
  int fold = 0;

  static Cell of_slide(const std::string& cohort, const std::string& slide) { return {cohort, slide, kExtract, 0}; }
  bool is_slide() const { return method == kExtract; }
  // Distinct within a grid.
  std::string name() const {
    const std::string pair = biomarker + "/" + auxiliary;
    return is_slide() ? pair : pair + "/" + method + "/" + std::to_string(fold);
  }
  // The cell of that name, not of a slide. Throws InputError with the form of a name if it is not one.
  static Cell parse(const std::string& name);
  auto operator<=>(const Cell&) const = default;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Cell, biomarker, auxiliary, method, fold)

}  // namespace mtlgrid

// A cell of a grid, and its name.
#pragma once

#include <compare>
#include <nlohmann/json.hpp>
#include <string>

namespace mtlgrid {

// In place of a method: the cell is a slide of a grid of slides (`mtlgrid extract`).
inline constexpr const char* kExtract = "extract";

// One (biomarker, auxiliary, method, fold, repeat); written `MSI/LF/autol+cagrad/3` everywhere, and
// `MSI/LF/autol+cagrad/3.2` for repeat 2. Repeats are the same splits with other random streams; repeat 0 is the only
// one of a grid without repeats. What a coordinator hands out is always a cell; in a grid of slides it is a slide,
// (cohort, slide, kExtract, 0, 0), written `TCGA-CRC/a/slide 1`.
struct Cell {
  std::string biomarker, auxiliary, method;
  int fold = 0, repeat = 0;

  static Cell of_slide(const std::string& cohort, const std::string& slide) { return {cohort, slide, kExtract, 0, 0}; }
  bool is_slide() const { return method == kExtract; }
  // The pair's name: "MSI/LF"; of a slide the whole name.
  std::string pair() const { return biomarker + "/" + auxiliary; }
  // The fold as names have it: "3", of repeat 2 "3.2".
  std::string fold_name() const { return std::to_string(fold) + (repeat > 0 ? "." + std::to_string(repeat) : ""); }
  // Distinct within a grid.
  std::string name() const { return is_slide() ? pair() : pair() + "/" + method + "/" + fold_name(); }
  // Whether both are of one group: the cells of a pair, fold and repeat share their patients and random streams.
  bool same_group(const Cell& other) const {
    return biomarker == other.biomarker && auxiliary == other.auxiliary && fold == other.fold && repeat == other.repeat;
  }
  // The cell of that name, not of a slide. Throws InputError with the form of a name if it is not one.
  static Cell parse(const std::string& name);
  auto operator<=>(const Cell&) const = default;
};
// `repeat` is absent where it is 0, so that cells are written as before there were repeats.
void to_json(nlohmann::json& j, const Cell& cell);
void from_json(const nlohmann::json& j, Cell& cell);

}  // namespace mtlgrid

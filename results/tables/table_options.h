// What a reader may choose about the tables.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace mtlgrid {

// What the intervals of tables cover. `widest`: patients and repeats where the grid has results of several repeats,
// otherwise patients. `folds`: percentiles of fold values, as in the released code.
enum class TableCi { widest, patients, patients_and_repeats, folds };

struct TableOptions {
  std::optional<std::int64_t> grid;  // default: as choose_grid() chooses (results/grids/grid_choice.h)
  TableCi ci = TableCi::widest;
  int resamples = 1000;  // 0: neither CIs nor stars, except DeLong's
  double confidence = 0.95;
  std::uint64_t seed = 1337;
  // The method that tables of comparisons compare the others with. Default: baseline, where the grid has it.
  std::optional<std::string> reference{};
};

}  // namespace mtlgrid

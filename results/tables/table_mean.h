// The means that tables show, formed here and nowhere else: of the cells' values, and of every replicate of them.
//
// The store's views `fold_means`, `table1` and `table2` repeat the first of them in SQL, for readers without this
// program; a test holds both to 1e-12.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace mtlgrid {

// Where a cell of one method belongs.
struct CellPlace {
  std::size_t auxiliary = 0;  // index into TableBiomarker::auxiliaries
  int fold = 0, repeat = 0;
  auto operator<=>(const CellPlace&) const = default;
};

// The mean over repeats of each fold, then over the folds of each auxiliary, then over auxiliaries: cell i, at
// place[i], has values[i]; places ascend. Cells that are missing are not listed, so it is the mean over the repeats
// that each fold has, the folds that each auxiliary has, and the auxiliaries that have any. NaN without cells.
// `weights`, one a cell: how often each repeat counts within its fold; NaN where no repeat of a fold counts. Without
// them each counts once.
double table_mean(std::span<const CellPlace> place, std::span<const double> values, std::span<const int> weights = {});

// What `--ci folds` takes percentiles of, as the released code does: for each fold the mean over its auxiliaries and
// repeats, folds ascending, times `scale`.
std::vector<double> fold_values(std::span<const CellPlace> place, std::span<const double> values, double scale);

}  // namespace mtlgrid

// The means that tables show, formed here and nowhere else: of the cells' values, and of every replicate of them.
//
// The store's views `fold_means`, `table1` and `table2` repeat the first of them in SQL, for readers without this
// program; a test holds both to 1e-12.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace mtlgrid {

// The mean over folds of each auxiliary, then over auxiliaries: cell i has values[i] and belongs to auxiliary[i]; cells
// of one auxiliary follow one another. Cells that are missing are not listed, so it is the mean over the folds that
// each auxiliary has, then over the auxiliaries that have any. NaN without cells.
double table_mean(std::span<const std::size_t> auxiliary, std::span<const double> values);

// What `--ci folds` takes percentiles of, as the released code does: for each fold the mean over its auxiliaries, folds
// ascending, times `scale`. Cell i has values[i] and fold[i].
std::vector<double> fold_values(std::span<const int> fold, std::span<const double> values, double scale);

}  // namespace mtlgrid

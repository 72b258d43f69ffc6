// How often each repeat counts in a table's replicates: the second level of the bootstrap, beside the patients.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "results/tables/table_mean.h"

namespace mtlgrid {

// In each replicate the R repeats of a fold of a pair are drawn R - 1 times with replacement, the same draw for every
// method and cohort, since the cells of a group share their random numbers. R - 1 instead of R: a bootstrap of R draws
// gives the mean's variance (R - 1) / R times too small, which matters for few repeats; R - 1 draws give it without
// bias (Rao and Wu 1988, Journal of the American Statistical Association 83, 231-241). A fold of a single repeat always
// counts it.
class RepeatDraws {
 public:
  // `results`: the places of all cells that have a result, in any order, repeated ones too; `auxiliaries` has their
  // names. Draws depend on the seed, the names and the numbers of the repeats that a fold has.
  RepeatDraws(std::uint64_t seed, const std::string& biomarker, const std::vector<std::string>& auxiliaries,
              std::span<const CellPlace> results, int replicates);

  // Whether any fold has more than one repeat.
  bool vary() const { return vary_; }
  // How often the cell's repeat counts in a replicate.
  int weight(const CellPlace& cell, std::size_t replicate) const;

 private:
  struct Fold {
    std::vector<int> repeats;             // ascending
    std::vector<std::vector<int>> drawn;  // [replicate][repeat]
  };
  std::map<std::pair<std::size_t, int>, Fold> folds_;  // by auxiliary and fold
  bool vary_ = false;
};

}  // namespace mtlgrid

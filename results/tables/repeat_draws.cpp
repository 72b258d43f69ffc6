#include "results/tables/repeat_draws.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/random.h"
#include "results/metrics/resamples.h"

namespace mtlgrid {

RepeatDraws::RepeatDraws(std::uint64_t seed, const std::string& biomarker, const std::vector<std::string>& auxiliaries,
                         std::span<const CellPlace> results, int replicates) {
  const std::set<CellPlace> distinct(results.begin(), results.end());
  for (const CellPlace& cell : distinct) folds_[{cell.auxiliary, cell.fold}].repeats.push_back(cell.repeat);
  for (auto& [at, fold] : folds_) {
    const std::size_t count = fold.repeats.size();
    if (count < 2) continue;
    vary_ = true;
    const RandomStream stream(seed,
                              fmt::format("tables/repeats/{}/{}/{}", biomarker, auxiliaries.at(at.first), at.second));
    fold.drawn.assign(static_cast<std::size_t>(replicates), std::vector<int>(count));
    for (std::size_t r = 0; r < fold.drawn.size(); ++r) draw_multiplicities(stream, r, fold.drawn[r], count - 1);
  }
}

int RepeatDraws::weight(const CellPlace& cell, std::size_t replicate) const {
  const auto found = folds_.find({cell.auxiliary, cell.fold});
  if (found == folds_.end() || found->second.drawn.empty()) return 1;
  const std::vector<int>& repeats = found->second.repeats;
  const auto at = std::lower_bound(repeats.begin(), repeats.end(), cell.repeat) - repeats.begin();
  return found->second.drawn.at(replicate).at(static_cast<std::size_t>(at));
}

}  // namespace mtlgrid

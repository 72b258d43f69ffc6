#include "results/tables/table_mean.h"

#include <map>
#include <utility>

#include "results/records/records.h"

namespace mtlgrid {

double table_mean(std::span<const CellPlace> place, std::span<const double> values, std::span<const int> weights) {
  double sum = 0;
  int auxiliaries = 0;
  for (std::size_t i = 0; i < place.size(); ++auxiliaries) {
    const std::size_t auxiliary = place[i].auxiliary;
    double fold_sum = 0;
    int folds = 0;
    for (; i < place.size() && place[i].auxiliary == auxiliary; ++folds) {
      const int fold = place[i].fold;
      double repeat_sum = 0, count = 0;
      for (; i < place.size() && place[i].auxiliary == auxiliary && place[i].fold == fold; ++i) {
        const double weight = weights.empty() ? 1 : weights[i];
        if (weight == 0) continue;  // its value may be undefined
        repeat_sum += weight * values[i];
        count += weight;
      }
      fold_sum += count == 0 ? kMissing : repeat_sum / count;
    }
    sum += fold_sum / folds;
  }
  return auxiliaries == 0 ? kMissing : sum / auxiliaries;
}

std::vector<double> fold_values(std::span<const CellPlace> place, std::span<const double> values, double scale) {
  std::map<int, std::pair<double, int>> folds;
  for (std::size_t i = 0; i < place.size(); ++i) {
    auto& [sum, count] = folds[place[i].fold];
    sum += values[i];
    ++count;
  }
  std::vector<double> means;
  for (const auto& [number, mean] : folds) means.push_back(scale * mean.first / mean.second);
  return means;
}

}  // namespace mtlgrid

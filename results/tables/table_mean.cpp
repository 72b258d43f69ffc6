#include "results/tables/table_mean.h"

#include <map>
#include <utility>

#include "results/records/records.h"

namespace mtlgrid {

double table_mean(std::span<const std::size_t> auxiliary, std::span<const double> values) {
  double sum = 0;
  int auxiliaries = 0;
  for (std::size_t i = 0; i < auxiliary.size(); ++auxiliaries) {
    const std::size_t first = i;
    double fold_sum = 0;
    for (; i < auxiliary.size() && auxiliary[i] == auxiliary[first]; ++i) fold_sum += values[i];
    sum += fold_sum / static_cast<double>(i - first);
  }
  return auxiliaries == 0 ? kMissing : sum / auxiliaries;
}

std::vector<double> fold_values(std::span<const int> fold, std::span<const double> values, double scale) {
  std::map<int, std::pair<double, int>> folds;
  for (std::size_t i = 0; i < fold.size(); ++i) {
    auto& [sum, count] = folds[fold[i]];
    sum += values[i];
    ++count;
  }
  std::vector<double> means;
  for (const auto& [number, mean] : folds) means.push_back(scale * mean.first / mean.second);
  return means;
}

}  // namespace mtlgrid

#include "datasets/splits/grouped_folds.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/errors.h"
#include "datasets/splits/balanced_partition.h"

namespace mtlgrid {
namespace {

constexpr std::int64_t kShareSteps = 10'000;                     // of a validation share
constexpr PartitionEffort kValidation = {1'000'000, 1'000'000};  // there may be one for each of hundreds of folds

std::size_t size_for(const std::vector<int>& codes) {
  return codes.empty() ? 0 : static_cast<std::size_t>(*std::max_element(codes.begin(), codes.end())) + 1;
}

// [groups, classes]
std::vector<std::vector<int>> counts_of(const std::vector<int>& classes, const std::vector<int>& group,
                                        std::size_t class_count) {
  std::vector<std::vector<int>> counts(size_for(group), std::vector<int>(class_count, 0));
  for (std::size_t i = 0; i < classes.size(); ++i) {
    ++counts[static_cast<std::size_t>(group[i])][static_cast<std::size_t>(classes[i])];
  }
  return counts;
}

std::vector<std::int64_t> sums_of(const std::vector<std::vector<int>>& counts) {
  std::vector<std::int64_t> sums(counts.front().size(), 0);
  for (const auto& row : counts) {
    for (std::size_t c = 0; c < sums.size(); ++c) sums[c] += row[c];
  }
  return sums;
}

// 0, 1, ... in the order of the codes.
std::vector<int> dense(const std::vector<int>& codes) {
  std::map<int, int> number;
  for (const int code : codes) number.emplace(code, 0);
  int next = 0;
  for (auto& [code, value] : number) value = next++;
  std::vector<int> out;
  out.reserve(codes.size());
  for (const int code : codes) out.push_back(number.at(code));
  return out;
}

// Into training (part 0) and validation (part 1). Classes that no row has are not counted as lacking.
PartitionTask validation_task(const std::vector<int>& classes, const std::vector<int>& group, double share) {
  const std::vector<int> own = dense(classes);
  PartitionTask task{counts_of(own, group, size_for(own)), {{}, {}}, kShareSteps, {}};
  const std::int64_t steps =
      std::clamp<std::int64_t>(std::llround(share * static_cast<double>(kShareSteps)), 1, kShareSteps - 1);
  for (const std::int64_t members : sums_of(task.counts)) {
    task.wanted[0].push_back((kShareSteps - steps) * members);
    task.wanted[1].push_back(steps * members);
  }
  // A class that training lacks counts more than all that validation may lack.
  task.weight_of_lack = {static_cast<int>(size_for(own)) + 1, 1};
  return task;
}

}  // namespace

GroupedTests grouped_k_fold(const std::vector<int>& classes, const std::vector<int>& group, int k, std::uint32_t seed) {
  if (k < 2) throw InputError(fmt::format("{} folds, expected at least 2", k));
  const std::size_t folds = static_cast<std::size_t>(k), groups = size_for(group);
  if (groups < folds) {
    throw InputError(fmt::format("{} site groups, expected at least {}, one for each fold", groups, k));
  }
  PartitionTask task{counts_of(classes, group, size_for(classes)), {}, k, std::vector<int>(folds, 1)};
  task.wanted.assign(folds, sums_of(task.counts));
  const Partition division = balanced_partition(task, seed);
  GroupedTests out;
  out.test.resize(folds);
  for (std::size_t i = 0; i < group.size(); ++i) {
    const int fold = division.part[static_cast<std::size_t>(group[i])];
    out.test[static_cast<std::size_t>(fold)].push_back(static_cast<int>(i));
  }
  out.balance = {static_cast<double>(division.cost.largest) / k, static_cast<double>(division.bound.largest) / k,
                 division.best};
  out.every_class = division.cost.lacking == 0;
  return out;
}

std::vector<std::vector<int>> one_fold_per_group(const std::vector<int>& group) {
  std::vector<std::vector<int>> tests(size_for(group));
  for (std::size_t i = 0; i < group.size(); ++i) {
    tests[static_cast<std::size_t>(group[i])].push_back(static_cast<int>(i));
  }
  return tests;
}

GroupedSplit grouped_split(const std::vector<int>& classes, const std::vector<int>& group, double share,
                           std::uint32_t seed) {
  if (!(share > 0 && share < 1)) {
    throw InputError(fmt::format("validation share {}, expected a number between 0 and 1", share));
  }
  const std::vector<int> own = dense(group);
  GroupedSplit out;
  if (size_for(own) >= 2) {
    const PartitionTask task = validation_task(classes, own, share);
    const Partition division = balanced_partition(task, seed, kValidation);
    const int valid_lacks_all = static_cast<int>(task.counts.front().size());
    if (division.cost.lacking < std::min<std::int64_t>(task.weight_of_lack[0], valid_lacks_all)) {
      for (std::size_t i = 0; i < own.size(); ++i) {
        const bool valid = division.part[static_cast<std::size_t>(own[i])] == 1;
        (valid ? out.valid : out.train).push_back(static_cast<int>(i));
      }
      out.kept = division.cost.lacking == 0 ? GroupedValidation::whole : GroupedValidation::lacks_class;
      return out;
    }
  }
  const TrainTest rows = stratified_split(classes, share, seed);
  return {rows.train, rows.test, GroupedValidation::by_row};
}

}  // namespace mtlgrid

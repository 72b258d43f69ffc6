#include "datasets/splits/folds.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <utility>

#include "base/errors.h"

namespace mtlgrid {
namespace {

// Rows of each class, ascending; classes ascending by code, as numpy.unique sorts them.
std::map<int, std::vector<int>> rows_by_class(const std::vector<int>& classes) {
  std::map<int, std::vector<int>> rows;
  for (std::size_t i = 0; i < classes.size(); ++i) rows[classes[i]].push_back(static_cast<int>(i));
  return rows;
}

// Classes renumbered 0, 1, ... by first appearance, so that relabelling changes no fold.
std::vector<int> by_first_appearance(const std::vector<int>& classes) {
  std::map<int, int> number;
  std::vector<int> codes;
  codes.reserve(classes.size());
  for (const int c : classes) codes.push_back(number.emplace(c, static_cast<int>(number.size())).first->second);
  return codes;
}

void check_folds(const std::vector<int>& classes, int k) {
  if (k < 2) throw InputError(fmt::format("{} folds, expected at least 2", k));
  std::size_t largest = 0;
  for (const auto& [c, rows] : rows_by_class(classes)) largest = std::max(largest, rows.size());
  if (largest < static_cast<std::size_t>(k)) {
    throw InputError(
        fmt::format("at most {} patients of a class, expected at least {}, one for each fold", largest, k));
  }
}

void check_every_class(const std::vector<int>& classes, int k) {
  std::vector<std::string> problems;
  for (const auto& [c, rows] : rows_by_class(classes)) {
    if (k >= 2 && rows.size() < static_cast<std::size_t>(k)) {
      problems.push_back(
          fmt::format("{} patients of class {}, expected at least {}, one for each fold", rows.size(), c, k));
    }
  }
  if (!problems.empty()) throw InputError(problems);
}

}  // namespace

std::vector<int> elements(const std::vector<int>& values, const std::vector<int>& positions) {
  std::vector<int> out;
  out.reserve(positions.size());
  for (const int p : positions) out.push_back(values[static_cast<std::size_t>(p)]);
  return out;
}

std::vector<int> other_rows(const std::vector<int>& some, int rows) {
  std::vector<int> others;
  auto next = some.begin();
  for (int i = 0; i < rows; ++i) {
    if (next != some.end() && *next == i) {
      ++next;
    } else {
      others.push_back(i);
    }
  }
  return others;
}

std::uint32_t NumpyRandom::interval(std::uint32_t max) {
  if (max == 0) return 0;
  std::uint32_t mask = max;
  for (int shift = 1; shift < 32; shift *= 2) mask |= mask >> shift;
  std::uint32_t value = 0;
  do {
    value = next() & mask;
  } while (value > max);
  return value;
}

void NumpyRandom::shuffle(std::vector<int>& values) {
  for (std::size_t i = values.size(); i-- > 1;) std::swap(values[i], values[interval(static_cast<std::uint32_t>(i))]);
}

std::vector<int> NumpyRandom::permutation(int n) {
  std::vector<int> values(static_cast<std::size_t>(n));
  std::iota(values.begin(), values.end(), 0);
  shuffle(values);
  return values;
}

std::vector<int> NumpyRandom::permutation(std::vector<int> values) {
  shuffle(values);
  return values;
}

std::vector<std::vector<int>> stratified_k_fold(const std::vector<int>& classes, int k, std::uint32_t seed) {
  check_folds(classes, k);
  const std::vector<int> codes = by_first_appearance(classes);
  const std::size_t folds = static_cast<std::size_t>(k);
  const int class_count = *std::max_element(codes.begin(), codes.end()) + 1;

  // allocation[f][c]: how many rows of class c fold f gets; every k-th row of the sorted classes.
  std::vector<int> sorted = codes;
  std::sort(sorted.begin(), sorted.end());
  std::vector<std::vector<int>> allocation(folds, std::vector<int>(static_cast<std::size_t>(class_count), 0));
  for (std::size_t i = 0; i < sorted.size(); ++i) ++allocation[i % folds][static_cast<std::size_t>(sorted[i])];

  NumpyRandom random(seed);
  std::vector<std::vector<int>> deck(static_cast<std::size_t>(class_count));  // test-fold numbers of a class's rows
  for (std::size_t c = 0; c < deck.size(); ++c) {
    for (std::size_t f = 0; f < folds; ++f) {
      deck[c].insert(deck[c].end(), static_cast<std::size_t>(allocation[f][c]), static_cast<int>(f));
    }
    random.shuffle(deck[c]);
  }
  std::vector<std::vector<int>> tests(folds);
  std::vector<std::size_t> dealt(deck.size(), 0);
  for (std::size_t i = 0; i < codes.size(); ++i) {
    const std::size_t c = static_cast<std::size_t>(codes[i]);
    tests[static_cast<std::size_t>(deck[c][dealt[c]++])].push_back(static_cast<int>(i));
  }
  return tests;
}

std::vector<int> approximate_mode(const std::vector<int>& counts, int draws, NumpyRandom& random) {
  // In double and in this order of operations, as numpy does it: ties between remainders are exact comparisons.
  const double sum = std::accumulate(counts.begin(), counts.end(), 0.0);
  std::vector<double> remainder;
  std::vector<int> mode;
  double floored_sum = 0;
  for (const int count : counts) {
    const double expected = static_cast<double>(count) / sum * static_cast<double>(draws);
    const double floored = std::floor(expected);
    remainder.push_back(expected - floored);
    mode.push_back(static_cast<int>(floored));
    floored_sum += floored;
  }
  int need = static_cast<int>(static_cast<double>(draws) - floored_sum);
  std::map<double, std::vector<int>, std::greater<>> tied;
  for (std::size_t c = 0; c < remainder.size(); ++c) tied[remainder[c]].push_back(static_cast<int>(c));
  for (auto& [value, classes] : tied) {
    if (need <= 0) break;
    const int add = std::min(static_cast<int>(classes.size()), need);
    const std::vector<int> order = random.permutation(classes);
    for (int i = 0; i < add; ++i) ++mode[static_cast<std::size_t>(order[static_cast<std::size_t>(i)])];
    need -= add;
  }
  return mode;
}

TrainTest stratified_split(const std::vector<int>& classes, double test_size, std::uint32_t seed) {
  if (!(test_size > 0 && test_size < 1)) {
    throw InputError(fmt::format("validation share {}, expected a number between 0 and 1", test_size));
  }
  const int n = static_cast<int>(classes.size());
  const int n_test = static_cast<int>(std::ceil(test_size * static_cast<double>(n))), n_train = n - n_test;
  const auto rows = rows_by_class(classes);
  std::vector<int> counts;
  for (const auto& [c, members] : rows) {
    if (members.size() < 2) throw InputError(fmt::format("class {} has 1 patient to split, expected at least 2", c));
    counts.push_back(static_cast<int>(members.size()));
  }
  const int class_count = static_cast<int>(counts.size());
  if (class_count == 0 || n_train < class_count || n_test < class_count) {
    throw InputError(fmt::format("{} patients split into {} and {}, expected at least one of each of {} classes", n,
                                 n_train, n_test, class_count));
  }
  NumpyRandom random(seed);
  const std::vector<int> to_train = approximate_mode(counts, n_train, random);
  std::vector<int> left = counts;
  for (std::size_t c = 0; c < left.size(); ++c) left[c] -= to_train[c];
  const std::vector<int> to_test = approximate_mode(left, n_test, random);

  TrainTest split;
  std::size_t c = 0;
  for (const auto& [code, members] : rows) {
    const std::vector<int> order = elements(members, random.permutation(counts[c]));
    const auto middle = order.begin() + to_train[c];
    split.train.insert(split.train.end(), order.begin(), middle);
    split.test.insert(split.test.end(), middle, middle + to_test[c]);
    ++c;
  }
  random.shuffle(split.train);
  random.shuffle(split.test);
  return split;
}

std::vector<FoldSplit> cross_validation(const std::vector<int>& classes, int k, double validation, std::uint32_t seed) {
  check_every_class(classes, k);
  std::vector<FoldSplit> folds;
  for (auto& test : stratified_k_fold(classes, k, seed)) {
    const std::vector<int> others = other_rows(test, static_cast<int>(classes.size()));
    const TrainTest inner = stratified_split(elements(classes, others), validation, seed);
    folds.push_back({elements(others, inner.train), elements(others, inner.test), std::move(test)});
  }
  return folds;
}

}  // namespace mtlgrid

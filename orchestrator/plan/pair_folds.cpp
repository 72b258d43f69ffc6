#include "orchestrator/plan/pair_folds.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/text.h"
#include "orchestrator/config/fold_settings.h"
#include "orchestrator/plan/imported_splits.h"

namespace mtlgrid {
namespace {

std::string value_list(const std::vector<std::string>& values) {
  std::vector<std::string> shown;
  for (std::size_t i = 0; i < std::min<std::size_t>(values.size(), 8); ++i) shown.push_back(printable(values[i]));
  return fmt::format("'{}'{}", fmt::join(shown, "', '"), values.size() > shown.size() ? ", ..." : "");
}

// How many site groups have rows of the class.
std::size_t holders(const PairSites& sites, const std::vector<int>& label, int of) {
  std::set<int> groups;
  for (std::size_t row = 0; row < label.size(); ++row) {
    if (label[row] == of) groups.insert(sites.group[row]);
  }
  return groups.size();
}

bool one_class(const std::vector<int>& rows, const std::vector<int>& label) {
  return std::all_of(rows.begin(), rows.end(), [&](int row) {
    return label[static_cast<std::size_t>(row)] == label[static_cast<std::size_t>(rows.front())];
  });
}

}  // namespace

PairSplits PairFolds::make(const BiomarkerConfig& b, const Pair& pair, const Cohort& cohort, Problems& problems) {
  const std::string name = fmt::format("{}/{}", b.name, pair.auxiliary);
  PairSplits out;
  bool ready = enough_of_each_class(pair, name);
  if (!config_.groups.empty()) {
    auto sites = values_.read(cohort, pair.training, problems);
    ready = ready && sites.has_value();
    if (sites) out.sites = std::move(*sites);
  }
  if (!ready || splits_refused_) return out;
  Problems own_problems;
  std::vector<FoldSplit> splits;
  if (b.splits.empty()) {
    splits = own(pair, out.sites, name, own_problems);
    for (const std::string& line : own_problems.lines()) {
      problems.add(fmt::format("{}: pair {}: {}", cohort.files.clini.string(), name, line));
    }
  } else {
    own_problems.collect([&] {
      ImportedSplits imported =
          imported_splits(b.splits, pair, cohort, config_, config_.groups.empty() ? nullptr : &out.sites);
      splits = std::move(imported.folds);
      out.sites.validation = std::move(imported.validation);
      inferences_.push_back(std::move(imported.form));
      if (imported.never_tested + imported.often_tested > 0) {
        split_warnings_.add(
            "the splits do not test each patient once, as a cross-validation does: means are over other patients than "
            "the cohort's",
            fmt::format("pair {}: {} of {} patients never, {} more than once", name, imported.never_tested,
                        pair.training.patient.size(), imported.often_tested));
      }
    });
    splits_refused_ = !own_problems.empty();  // a file of splits is told once, not for each pair
    for (const std::string& line : own_problems.lines()) problems.add(line);
  }
  if (!own_problems.empty()) return out;
  for (FoldSplit& split : splits) {
    out.folds.push_back({std::move(split.train), std::move(split.valid), std::move(split.test)});
  }
  if (!config_.groups.empty()) warn_of(pair, out.sites, out.folds, name);
  return out;
}

std::vector<FoldSplit> PairFolds::own(const Pair& pair, PairSites& sites, const std::string& name, Problems& problems) {
  if (!config_.groups.empty()) return grouped(pair, sites, name, problems);
  std::vector<FoldSplit> splits;
  problems.collect([&] {
    splits = cross_validation(pair.training.label, config_.folds, config_.train.validation, config_.split_seed);
  });
  return splits;
}

std::vector<FoldSplit> PairFolds::grouped(const Pair& pair, PairSites& sites, const std::string& name,
                                          Problems& problems) {
  const auto tests = test_rows(pair, sites, name);
  if (!tests) return {};
  const std::vector<int>& label = pair.training.label;
  std::vector<FoldSplit> splits;
  for (std::size_t fold = 0; fold < tests->size(); ++fold) {
    const std::vector<int>& test = (*tests)[fold];
    const std::vector<int> others = other_rows(test, static_cast<int>(label.size()));
    if (one_class(others, label)) {
      wrong_.add(fmt::format("a fold has all {} patients, so that there are none to train on",
                             label[static_cast<std::size_t>(others.front())] == 1 ? "negative" : "positive"),
                 fold_name(sites, fold, name),
                 fmt::format("write folds = NUMBER, or leave groups = {} out of [grid]", config_.groups));
      continue;
    }
    Problems own;
    own.collect([&] {
      const GroupedSplit split = grouped_split(elements(label, others), elements(sites.group, others),
                                               config_.train.validation, config_.split_seed);
      splits.push_back({elements(others, split.train), elements(others, split.valid), test});
      sites.validation.push_back(split.kept);
    });
    for (const std::string& line : own.lines()) problems.add(fmt::format("validation of fold {}: {}", fold, line));
  }
  return splits.size() == tests->size() ? std::move(splits) : std::vector<FoldSplit>();
}

// The test rows of each fold; nullopt where there is a problem.
std::optional<std::vector<std::vector<int>>> PairFolds::test_rows(const Pair& pair, PairSites& sites,
                                                                  const std::string& name) {
  const std::string column = printable(config_.groups), of_pair = "pair " + name;
  const std::size_t n = sites.values.size(), k = static_cast<std::size_t>(config_.folds);
  const std::string values = counted(static_cast<std::int64_t>(n), "value");
  if (n < 2) {
    wrong_.add(fmt::format("column '{}' has {} ({}), so that no fold can be made of whole site groups", column, values,
                           value_list(sites.values)),
               of_pair, "leave groups out of [grid]");
    return std::nullopt;
  }
  if (config_.fold_per_group) {
    if (n <= static_cast<std::size_t>(kMostFolds)) return one_fold_per_group(sites.group);
    wrong_.add(fmt::format("column '{}' has {}, but a grid at most {} folds", column, values, kMostFolds), of_pair,
               "write folds = NUMBER in [grid]");
    return std::nullopt;
  }
  if (n < k) {
    wrong_.add(fmt::format("column '{}' has {} ({}), expected at least {} (folds)", column, values,
                           value_list(sites.values), k),
               of_pair, fmt::format("write folds = {} or less, or folds = {}, in [grid]", n, kFoldPerGroup));
    return std::nullopt;
  }
  GroupedTests tests = grouped_k_fold(pair.training.label, sites.group, config_.folds, config_.split_seed);
  sites.balance = tests.balance;
  if (tests.every_class) return std::move(tests.test);
  bool told = false;
  for (const int label : {1, 0}) {
    const std::size_t with = holders(sites, pair.training.label, label);
    if (with >= k) continue;
    told = true;
    wrong_.add(fmt::format("only {} of the {} of column '{}' have {} patients, so that a fold of {} has none", with,
                           values, column, label == 1 ? "positive" : "negative", k),
               of_pair,
               fmt::format("{}; folds = {} allows folds of one class",
                           with < 2 ? "leave groups out of [grid], or name another column"
                                    : fmt::format("write folds = {} or less in [grid]", with),
                           kFoldPerGroup));
  }
  if (!told) {
    wrong_.add(fmt::format("no division of the {} of column '{}' into {} folds {} both classes in each", values, column,
                           k, tests.balance.best ? "has" : "was found that has"),
               of_pair, fmt::format("write fewer folds, or folds = {}, in [grid]", kFoldPerGroup));
  }
  return std::nullopt;
}

std::string PairFolds::fold_name(const PairSites& sites, std::size_t fold, const std::string& pair) const {
  return config_.fold_per_group ? fmt::format("'{}', fold {} of {}", printable(sites.values[fold]), fold, pair)
                                : fmt::format("fold {} of {}", fold, pair);
}

void PairFolds::warn_of(const Pair& pair, const PairSites& sites, const std::vector<PairFold>& folds,
                        const std::string& name) {
  for (std::size_t fold = 0; fold < folds.size(); ++fold) {
    if (one_class(folds[fold].test, pair.training.label)) {
      warnings_.add("test patients of one class: AUROC and AUPRC are not defined, and means are over the other folds",
                    fold_name(sites, fold, name));
    }
    const auto kept = fold < sites.validation.size() ? sites.validation[fold] : GroupedValidation::whole;
    if (kept == GroupedValidation::lacks_class) {
      warnings_.add("validation patients of one class, since site groups are kept whole", fold_name(sites, fold, name));
    } else if (kept == GroupedValidation::by_row) {
      warnings_.add(
          "validation patients are split off by patient and not in whole site groups, of which there are too few to "
          "train and validate on",
          fold_name(sites, fold, name));
    }
  }
  if (config_.fold_per_group || folds.empty()) return;
  std::vector<std::size_t> sizes(sites.values.size(), 0);
  for (const int group : sites.group) ++sizes[static_cast<std::size_t>(group)];
  const auto largest = std::max_element(sizes.begin(), sizes.end());
  if (2 * *largest * folds.size() <= 3 * sites.group.size()) return;
  warnings_.add(
      fmt::format("a site group is much larger than a fold's equal share of 1/{}, so folds are unequal", folds.size()),
      fmt::format("'{}' has {} of {} patients of pair {}",
                  printable(sites.values[static_cast<std::size_t>(largest - sizes.begin())]), *largest,
                  sites.group.size(), name));
}

bool PairFolds::enough_of_each_class(const Pair& pair, const std::string& name) {
  bool enough = true;
  for (const int label : {1, 0}) {
    const auto count = std::count(pair.training.label.begin(), pair.training.label.end(), label);
    if (config_.fold_per_group || count >= config_.folds) continue;
    small_[label].push_back({name, count});
    enough = false;
  }
  return enough;
}

std::vector<std::string> PairFolds::finish_biomarker(const Cohort& cohort, Problems& problems) {
  report_small_classes(cohort, problems);
  wrong_.report(cohort.files.clini.string(), problems);
  Problems warnings;
  warnings_.report(fmt::format("folds by '{}'", printable(config_.groups)), warnings);
  split_warnings_.report("splits", warnings);
  wrong_ = {};
  warnings_ = {};
  split_warnings_ = {};
  splits_refused_ = false;
  return warnings.lines();
}

// A line for each class that has fewer patients than folds in some pairs of the biomarker.
void PairFolds::report_small_classes(const Cohort& cohort, Problems& problems) {
  for (const auto& [label, pairs] : small_) {
    std::vector<std::string> names;
    for (const SmallClass& pair : pairs) names.push_back(pair.name);
    const auto [least, most] = std::minmax_element(
        pairs.begin(), pairs.end(), [](const SmallClass& x, const SmallClass& y) { return x.patients < y.patients; });
    const std::string counts = least->patients == most->patients
                                   ? std::to_string(least->patients)
                                   : fmt::format("{} to {}", least->patients, most->patients);
    problems.add(
        fmt::format("{}: pair{} {}: {} {} patients, expected at least {} (folds); write folds = {} or less in "
                    "[grid], or add patients",
                    cohort.files.clini.string(), pairs.size() > 1 ? "s" : "", fmt::join(names, ", "), counts,
                    label == 1 ? "positive" : "negative", config_.folds, std::max<std::ptrdiff_t>(2, least->patients)));
  }
  small_.clear();
}

}  // namespace mtlgrid

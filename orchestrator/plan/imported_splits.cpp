#include "orchestrator/plan/imported_splits.h"

#include <fmt/format.h>

#include <optional>
#include <set>

#include "base/causes.h"
#include "base/decode.h"
#include "base/whole_file.h"
#include "datasets/cohorts/join_hints.h"

namespace mtlgrid {
namespace {

struct Lists {
  std::set<std::string> train, test;
};

InputError not_splits(const std::filesystem::path& file, const char* why) {
  return InputError(
      fmt::format("{}: expected a splits.json file of STAMP, {{\"splits\": [{{\"train_patients\": [...], "
                  "\"test_patients\": [...]}}, ...]}}: {}",
                  file.string(), why));
}

std::vector<Lists> read_lists(const std::filesystem::path& file) {
  const std::string text = read_whole_file(file, "a splits.json file of STAMP");
  try {
    std::vector<Lists> lists;
    const nlohmann::json json = decode_json(text);
    for (const auto& split : json.at("splits")) {
      Lists& l = lists.emplace_back();
      split.at("train_patients").get_to(l.train);
      split.at("test_patients").get_to(l.test);
    }
    return lists;
  } catch (const nlohmann::json::exception& e) {
    throw not_splits(file, e.what());
  } catch (const DecodeError& e) {
    throw not_splits(file, e.what());
  }
}

bool both_classes(const std::vector<int>& rows, const std::vector<int>& label) {
  std::set<int> classes;
  for (const int row : rows) classes.insert(label[static_cast<std::size_t>(row)]);
  return classes.size() == 2;
}

// `where` names file and split. Rows of the result are ascending, as our own folds' are before validation is split off.
// Patients without a clear place are added to `causes`.
FoldSplit fold(const Lists& lists, const Pair& pair, const Cohort& cohort, const std::string& where, Causes& causes) {
  FoldSplit out;
  bool whole = true;
  for (std::size_t row = 0; row < pair.training.patient.size(); ++row) {
    const std::string& name = cohort.patients[static_cast<std::size_t>(pair.training.patient[row])].name;
    const bool train = lists.train.contains(name), test = lists.test.contains(name);
    if (train == test) {
      whole = false;
      causes.add(fmt::format("patients of pair {}/{} are in {}", pair.biomarker, pair.auxiliary,
                             train ? "both train_patients and test_patients of a split"
                                   : "neither train_patients nor test_patients of a split"),
                 fmt::format("'{}' in {}", name, where), "each split needs every patient of the pair in one of both");
    }
    (test ? out.test : out.train).push_back(static_cast<int>(row));
  }
  if (!whole) return out;  // the classes of the others say nothing
  for (const auto* part : {&out.train, &out.test}) {
    if (both_classes(*part, pair.training.label)) continue;
    causes.add(fmt::format("the {} patients of pair {}/{} are all of one class", part == &out.train ? "train" : "test",
                           pair.biomarker, pair.auxiliary),
               where);
  }
  return out;
}

// Patients of the pair whom no list of the file has: how they differ from those in the lists. nullopt if all are there.
std::optional<std::string> strangers(const std::vector<Lists>& lists, const Pair& pair, const Cohort& cohort,
                                     const std::filesystem::path& file) {
  std::set<std::string> listed;
  for (const Lists& l : lists) {
    listed.insert(l.train.begin(), l.train.end());
    listed.insert(l.test.begin(), l.test.end());
  }
  NameSearch search{NameKind::patients,
                    fmt::format("patients of pair {}/{}", pair.biomarker, pair.auxiliary),
                    fmt::format("patients of {}", file.string()),
                    {},
                    pair.training.patient.size(),
                    {listed.begin(), listed.end()}};
  for (const int patient : pair.training.patient) {
    const std::string& name = cohort.patients[static_cast<std::size_t>(patient)].name;
    if (!listed.contains(name)) search.lost.push_back(name);
  }
  if (search.lost.empty()) return std::nullopt;
  return fmt::format("{}: {}", file.string(), describe(search));
}

// Splits validation rows off out.train.
void split_validation(FoldSplit& out, const Pair& pair, const Config& config) {
  std::vector<int> label;
  for (const int row : out.train) label.push_back(pair.training.label[static_cast<std::size_t>(row)]);
  const TrainTest split = stratified_split(label, config.train.validation, config.split_seed);
  const std::vector<int> rows = std::move(out.train);
  out.train.clear();
  for (const int i : split.train) out.train.push_back(rows[static_cast<std::size_t>(i)]);
  for (const int i : split.test) out.valid.push_back(rows[static_cast<std::size_t>(i)]);
}

}  // namespace

std::vector<FoldSplit> imported_splits(const std::filesystem::path& file, const Pair& pair, const Cohort& cohort,
                                       const Config& config) {
  const std::vector<Lists> lists = read_lists(file);
  if (lists.size() != static_cast<std::size_t>(config.folds)) {
    throw InputError(fmt::format("{}: has {} splits, expected {} (folds)", file.string(), lists.size(), config.folds));
  }
  if (const auto lost = strangers(lists, pair, cohort, file)) throw InputError(*lost);
  Causes causes;
  std::vector<FoldSplit> splits;
  for (std::size_t i = 0; i < lists.size(); ++i) {
    splits.push_back(fold(lists[i], pair, cohort, fmt::format("split {}", i + 1), causes));
  }
  Problems problems;
  causes.report(file.string(), problems);
  problems.throw_if_any();
  for (FoldSplit& split : splits) split_validation(split, pair, config);
  return splits;
}

}  // namespace mtlgrid

#include "orchestrator/plan/imported_splits.h"

#include <fmt/format.h>

#include <optional>
#include <set>

#include "base/causes.h"
#include "base/text.h"
#include "datasets/cohorts/join_hints.h"
#include "orchestrator/plan/split_file.h"

namespace mtlgrid {
namespace {

bool both_classes(const std::vector<int>& rows, const std::vector<int>& label) {
  std::set<int> classes;
  for (const int row : rows) classes.insert(label[static_cast<std::size_t>(row)]);
  return classes.size() == 2;
}

// The lists of a file as folds of one pair.
class Importer {
 public:
  Importer(const std::filesystem::path& file, const Pair& pair, const Cohort& cohort, const Config& config,
           const PairSites* sites)
      : file_(file),
        pair_(pair),
        cohort_(cohort),
        config_(config),
        sites_(sites),
        names_(cohort),
        name_(fmt::format("{}/{}", pair.biomarker, pair.auxiliary)) {}

  ImportedSplits read() {
    split_file_ = read_split_file(file_, names_, config_.folds);
    as_patients();
    if (const auto lost = strangers()) throw InputError(*lost);
    ImportedSplits out;
    for (const SplitLists& lists : split_file_.splits) out.folds.push_back(fold(lists));
    Problems problems;
    causes_.report(file_.string(), problems);
    problems.throw_if_any();
    for (std::size_t i = 0; i < out.folds.size() && !split_file_.validation; ++i) {
      split_validation(out.folds[i], split_file_.splits[i].where, out, problems);
    }
    problems.throw_if_any();
    out.form = fmt::format("{}: {}; validation rows {}", file_.filename().string(), split_file_.form,
                           split_file_.validation ? "are those of the file" : "are split off");
    count_tests(out);
    return out;
  }

 private:
  void count_tests(ImportedSplits& out) const {
    std::vector<int> tests(pair_.training.patient.size(), 0);
    for (const FoldSplit& fold : out.folds) {
      for (const int row : fold.test) ++tests[static_cast<std::size_t>(row)];
    }
    out.never_tested = static_cast<std::size_t>(std::count(tests.begin(), tests.end(), 0));
    out.often_tested = static_cast<std::size_t>(std::count_if(tests.begin(), tests.end(), [](int n) { return n > 1; }));
  }

  const std::string& patient(std::size_t row) const {
    return cohort_.patients[static_cast<std::size_t>(pair_.training.patient[row])].name;
  }

  // Slides' names become those of their patients.
  void as_patients() {
    for (SplitLists& lists : split_file_.splits) {
      for (const SplitPart part : {SplitPart::train, SplitPart::valid, SplitPart::test}) {
        std::set<std::string> patients;
        for (const std::string& name : lists.of(part)) patients.insert(names_.patient_of(name));
        lists.of(part) = std::move(patients);
      }
    }
  }

  // Patients of the pair whom no list of the file has: how they differ from those in the lists. nullopt if all are
  // there.
  std::optional<std::string> strangers() {
    std::set<std::string> listed;
    for (SplitLists& l : split_file_.splits) {
      for (const SplitPart part : {SplitPart::train, SplitPart::valid, SplitPart::test}) {
        listed.insert(l.of(part).begin(), l.of(part).end());
      }
    }
    NameSearch search{NameKind::patients,
                      fmt::format("patients of pair {}", name_),
                      fmt::format("patients of {}", file_.string()),
                      {},
                      pair_.training.patient.size(),
                      {listed.begin(), listed.end()}};
    for (std::size_t row = 0; row < pair_.training.patient.size(); ++row) {
      if (!listed.contains(patient(row))) search.lost.push_back(patient(row));
    }
    if (search.lost.empty()) return std::nullopt;
    return fmt::format("{}: {}", file_.string(), describe(search));
  }

  // What a part is called in messages: as the file calls it.
  const char* train_name() const { return split_file_.stamp ? "train_patients" : "the training"; }
  const char* test_name() const { return split_file_.stamp ? "test_patients" : "the test part"; }

  // Rows of the result are ascending, as our own folds' are before validation is split off. Patients without a clear
  // place are added to the causes.
  FoldSplit fold(const SplitLists& lists) {
    FoldSplit out;
    bool whole = true;
    for (std::size_t row = 0; row < pair_.training.patient.size(); ++row) {
      const std::string& name = patient(row);
      const bool train = lists.train.contains(name), valid = lists.valid.contains(name),
                 test = lists.test.contains(name);
      if (train + valid + test != 1) {
        whole = false;
        const bool more = train + valid + test > 1;
        const std::string parts = more && valid ? "several parts"
                                                : fmt::format("{} {} {} {}", more ? "both" : "neither", train_name(),
                                                              more ? "and" : "nor", test_name());
        causes_.add(fmt::format("patients of pair {} are in {} of a split", name_, parts),
                    fmt::format("'{}' in {}", printable(name), lists.where),
                    "each split needs every patient of the pair in one part");
      }
      (test ? out.test : valid ? out.valid : out.train).push_back(static_cast<int>(row));
    }
    if (whole) check(out, lists.where);  // the classes of the others say nothing
    return out;
  }

  void check(const FoldSplit& out, const std::string& where) {
    for (const auto* part : {&out.train, &out.test}) {
      if (both_classes(*part, pair_.training.label)) continue;
      causes_.add(
          fmt::format("the {} patients of pair {} are all of one class", part == &out.train ? "train" : "test", name_),
          where);
    }
    if (split_file_.validation && out.valid.empty()) {
      causes_.add(fmt::format("no validation patients of pair {}, though other splits have some", name_), where);
    }
    if (sites_ != nullptr) check_sites(out, where);
  }

  // A site group in two parts of a split.
  void check_sites(const FoldSplit& out, const std::string& where) {
    std::vector<std::set<int>> parts_of(sites_->values.size());
    int number = 0;
    for (const auto* part : {&out.train, &out.valid, &out.test}) {
      for (const int row : *part) {
        parts_of[static_cast<std::size_t>(sites_->group[static_cast<std::size_t>(row)])].insert(number);
      }
      ++number;
    }
    for (std::size_t g = 0; g < parts_of.size(); ++g) {
      if (parts_of[g].size() < 2) continue;
      causes_.add(fmt::format("patients with one value of '{}' (groups in [grid]) are in two parts of a split",
                              printable(config_.groups)),
                  fmt::format("'{}' in {}", printable(sites_->values[g]), where),
                  "leave groups out of [grid], or write splits that keep each value in one part");
    }
  }

  // Splits validation rows off fold.train.
  void split_validation(FoldSplit& fold, const std::string& where, ImportedSplits& out, Problems& problems) {
    const std::vector<int> rows = std::move(fold.train);
    fold.train.clear();
    Problems own;
    own.collect([&] {
      const std::vector<int> label = elements(pair_.training.label, rows);
      if (sites_ == nullptr) {
        const TrainTest split = stratified_split(label, config_.train.validation, config_.split_seed);
        fold.train = elements(rows, split.train);
        fold.valid = elements(rows, split.test);
        return;
      }
      const GroupedSplit split =
          grouped_split(label, elements(sites_->group, rows), config_.train.validation, config_.split_seed);
      fold.train = elements(rows, split.train);
      fold.valid = elements(rows, split.valid);
      out.validation.push_back(split.kept);
    });
    for (const std::string& line : own.lines()) {
      problems.add(fmt::format("{}: {} of pair {}: validation: {}", file_.string(), where, name_, line));
    }
  }

  const std::filesystem::path& file_;
  const Pair& pair_;
  const Cohort& cohort_;
  const Config& config_;
  const PairSites* sites_;
  CohortNames names_;
  std::string name_;
  SplitFile split_file_;
  Causes causes_;
};

}  // namespace

ImportedSplits imported_splits(const std::filesystem::path& file, const Pair& pair, const Cohort& cohort,
                               const Config& config, const PairSites* sites) {
  return Importer(file, pair, cohort, config, sites).read();
}

}  // namespace mtlgrid

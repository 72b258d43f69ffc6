#include "results/tables/delong_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "results/metrics/delong.h"
#include "results/metrics/registry.h"
#include "results/metrics/replicates.h"
#include "results/tables/table_draft.h"

namespace mtlgrid {
namespace {

using Reasons = std::map<std::string, int>;  // why, and how many results

// A cell's patients on a cohort in the order of their names; empty where it has no result.
struct Scores {
  std::vector<std::string> patient;
  std::vector<int> label;
  std::vector<double> score;

  static Scores of(std::vector<Prediction> predictions) {
    std::sort(predictions.begin(), predictions.end(),
              [](const Prediction& a, const Prediction& b) { return a.patient < b.patient; });
    Scores scores;
    for (const Prediction& p : predictions) {
      scores.patient.push_back(p.patient);
      scores.label.push_back(p.label);
      scores.score.push_back(p.score);
    }
    return scores;
  }
  bool same_patients(const Scores& other) const { return patient == other.patient && label == other.label; }
};

void note(Draft& draft, const char* what, const Reasons& reasons) {
  for (const auto& [reason, count] : reasons) draft.notes.push_back(fmt::format(fmt::runtime(what), count, reason));
}

class DelongTable {
 public:
  DelongTable(const TableSource& source, const TableBiomarker& biomarker, std::size_t auxiliary, double confidence)
      : source_(source), biomarker_(biomarker), auxiliary_(auxiliary), confidence_(confidence) {
    for (TableCell& cell : source.cells(biomarker)) {
      if (cell.auxiliary == auxiliary) cells_.push_back(cell);
    }
  }

  PaperTable make() {
    const std::string& auxiliary = biomarker_.auxiliaries[auxiliary_];
    Draft draft = begin_table(source_.grid(), pair_stem("delong", biomarker_.name, auxiliary), 3);
    draft.pair = {biomarker_.name, auxiliary};
    std::set<std::pair<int, int>> folds;  // and repeats
    for (const TableCell& cell : cells_) {
      folds.emplace(cell.fold, cell.repeat);
      ++draft.cells;
      draft.results += cell.attempt > 0;
    }
    for (const TableCohort& cohort : biomarker_.cohorts) {
      for (const auto& [fold, repeat] : folds) {
        const std::string heading =
            fmt::format("fold {}", fold) + (repeat > 0 ? fmt::format(", repeat {}", repeat) : "");
        draft.add({biomarker_.name, cohort.label, auxiliary, kAuroc, fold, repeat}, {cohort.label, heading},
                  column(cohort, fold, repeat));
      }
    }
    note(draft, "No interval in {} results: {}.", no_interval_);
    note(draft, "No test in {} results, which count as p = 1: {}.", no_test_);
    return finish(std::move(draft), source_, caption());
  }

 private:
  TableColumnValues column(const TableCohort& cohort, int fold, int repeat) {
    TableColumnValues column;
    column.values.resize(source_.grid().methods.size(), {kMissing, kMissing, kMissing});
    std::vector<Scores> scores(column.values.size());
    for (const TableCell& cell : cells_) {
      if (cell.fold != fold || cell.repeat != repeat) continue;
      scores[cell.method] = Scores::of(source_.predictions(cell, cohort.key));
      column.values[cell.method].want = 1;
      if (cell.attempt > 0) add_interval(scores[cell.method], column.values[cell.method], column.undefined);
    }
    add_stars(scores, column.values);
    mark_best(metric(kAuroc).better, column.values);
    return column;
  }

  void add_interval(const Scores& scores, TableValue& value, Reasons& undefined) {
    const DelongInterval interval = delong_interval(scores.label, scores.score, confidence_);
    if (std::isnan(interval.auroc)) {
      ++undefined[scores.label.empty() ? "not recorded" : interval.reason];
      return;
    }
    value.have = 1;
    value.value = interval.auroc;
    value.ci_low = interval.ci_low;
    value.ci_high = interval.ci_high;
    if (!interval.reason.empty()) ++no_interval_[interval.reason];
  }

  void add_stars(const std::vector<Scores>& scores, std::vector<TableValue>& values) {
    const auto& methods = source_.grid().methods;
    const auto baseline =
        static_cast<std::size_t>(std::find(methods.begin(), methods.end(), "baseline") - methods.begin());
    if (baseline == methods.size()) return;
    std::vector<double> p(methods.size(), kMissing);
    for (std::size_t m = 0; m < methods.size(); ++m) {
      if (m == baseline || values[m].have == 0) continue;
      const std::string reason = test(scores[m], scores[baseline], p[m]);
      if (!reason.empty()) ++no_test_[reason];
    }
    const std::vector<double> adjusted = holm(p, methods.size() - 1);
    for (std::size_t m = 0; m < methods.size(); ++m) values[m].stars = stars_of(adjusted[m]);
  }

  // Sets `p` to that of a test, or returns why there is none.
  static std::string test(const Scores& scores, const Scores& baseline, double& p) {
    if (baseline.patient.empty()) return "baseline has no result";
    if (!scores.same_patients(baseline)) return "the patients or their labels are not those of baseline";
    const DelongTest result = delong_test(scores.label, scores.score, baseline.score);
    if (result.reason.empty()) p = result.p;
    return result.reason;
  }

  std::string caption() const {
    const auto& methods = source_.grid().methods;
    std::string text = fmt::format(
        "{} with {}: AUROC of every cell. In brackets {:g} % CIs by DeLong, DeLong and Clarke-Pearson (1988), clipped "
        "to [0, 1], trained models held fixed. ",
        biomarker_.name, biomarker_.auxiliaries[auxiliary_], 100 * confidence_);
    if (std::find(methods.begin(), methods.end(), "baseline") != methods.end() && methods.size() > 1) {
      text += fmt::format(
          "Differs from baseline of the same fold and repeat by DeLong's test on the same patients (two-sided, Holm "
          "over the {} "
          "other methods of the column): {} ",
          methods.size() - 1, kStarLevels);
    }
    return text;
  }

  const TableSource& source_;
  const TableBiomarker& biomarker_;
  std::size_t auxiliary_;
  double confidence_;
  std::vector<TableCell> cells_;
  Reasons no_interval_, no_test_;
};

}  // namespace

PaperTable delong_table(const TableSource& source, const TableBiomarker& biomarker, std::size_t auxiliary,
                        double confidence) {
  return DelongTable(source, biomarker, auxiliary, confidence).make();
}

}  // namespace mtlgrid

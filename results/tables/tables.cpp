#include "results/tables/tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "base/errors.h"
#include "base/nearest.h"
#include "results/metrics/registry.h"
#include "results/metrics/replicates.h"
#include "results/tables/cohort_values.h"
#include "results/tables/comparison_table.h"
#include "results/tables/delong_table.h"
#include "results/tables/table_draft.h"

namespace mtlgrid {
namespace {

constexpr const char* kMean = "mean";
constexpr double kPercent = 100;

// The part of a caption that explains brackets and stars.
std::string caption_of_ci(const TableOptions& options, const std::vector<std::string>& methods, bool repeats_vary) {
  if (options.ci == TableCi::folds) {
    return fmt::format(
        "In brackets the {:g} % and {:g} % percentiles of the fold values, as the released code prints them. ",
        50 * (1 - options.confidence), 50 * (1 + options.confidence));
  }
  if (options.resamples <= 0) return "";
  const std::string resampled =
      repeats_vary ? fmt::format(
                         "patients and repeats resampled ({} replicates; patients shared by all methods, "
                         "auxiliaries, folds and repeats, repeats by all methods), folds held fixed",
                         options.resamples)
                   : fmt::format(
                         "patients resampled ({} replicates, shared by all methods, auxiliaries and folds), "
                         "trained models held fixed",
                         options.resamples);
  std::string text = fmt::format("In brackets {:g} % bootstrap CIs: {}. ", 100 * options.confidence, resampled);
  if (std::find(methods.begin(), methods.end(), "baseline") != methods.end() && methods.size() > 1) {
    text += fmt::format(
        "Differs from baseline on the same replicates (two-sided, Holm over the {} other methods of the column): {} "
        "Stars are about these models; tables comparison_* are about methods. ",
        methods.size() - 1, kStarLevels);
  }
  return text;
}

// The part of a supplementary table's caption about units and conventions of its metrics.
std::string units_and_notes() {
  std::vector<std::string> parts;
  const std::vector<const Metric*> shown = supplement_metrics();
  for (const Metric* m : shown) {
    if (*m->unit != '\0') parts.push_back(fmt::format("{} in {}", m->label, m->unit));
  }
  for (const Metric* m : shown) {
    if (*m->note != '\0') parts.emplace_back(m->note);
  }
  return fmt::format("{}", fmt::join(parts, "; "));
}

void note_replicates(Draft& draft, const TableOptions& options) {
  auto& notes = draft.notes;
  if (options.ci == TableCi::folds || options.resamples <= 0) return;
  if (draft.left_out > 0) {
    notes.push_back(fmt::format(
        "Up to {} of {} replicates are left out of a value, because its metric is undefined in one of its cells; no CI "
        "where more than half are.",
        draft.left_out, options.resamples));
  }
  if (draft.untested > 0) {
    notes.push_back("No test where a value rests on other cells than baseline's: it counts as p = 1.");
  }
  const auto tests = draft.table.methods.size() - 1;
  const double smallest = std::min(1.0, 2.0 * static_cast<double>(tests) / (options.resamples + 1));
  if (const int reach = stars_of(smallest); tests > 0 && reach < 3) {
    static constexpr const char* kMost[] = {"no star is possible", "∗ is the most", "∗∗ is the most"};
    notes.push_back(fmt::format("{} replicates cannot give a smaller p than {:.2g} after Holm's correction: {}.",
                                options.resamples, smallest, kMost[reach]));
  }
}

PaperTable finish_bootstrapped(Draft draft, const TableSource& source, const TableOptions& options, bool repeats_vary,
                               const std::string& what) {
  note_replicates(draft, options);
  const std::string caption = fmt::format("{} {}", what, caption_of_ci(options, draft.table.methods, repeats_vary));
  return finish(std::move(draft), source, caption);
}

void note_cohort(Draft& draft, const CohortReplicates& values, const TableBiomarker& biomarker,
                 const TableCohort& cohort, const TableOptions& options) {
  if (values.exhausted()) {
    draft.add_note_once(fmt::format(
        "{}, {}: no CIs and no tests, because fewer than one replicate in a hundred has both classes wherever "
        "they are needed.",
        biomarker.name, cohort.label));
  } else if (values.redrawn() > 0) {
    draft.add_note_once(fmt::format("{}, {}: {} replicates with one class only in {} were drawn again to have {}.",
                                    biomarker.name, cohort.label, values.redrawn(),
                                    cohort.external() ? "the cohort" : "a held-out fold", options.resamples));
  }
}

// The place of the method that others are compared with; none where the grid has no baseline and no other is named.
std::optional<std::size_t> reference_of(const std::vector<std::string>& methods, const TableOptions& options) {
  const auto found = std::find(methods.begin(), methods.end(), options.reference.value_or("baseline"));
  if (found != methods.end()) return static_cast<std::size_t>(found - methods.begin());
  if (!options.reference) return std::nullopt;
  throw InputError(fmt::format("--reference: the grid has no method '{}'{}", *options.reference,
                               did_you_mean(*options.reference, methods)));
}

// All tables of a grid, filled cohort by cohort, since a cohort's replicates are large.
class Tables {
 public:
  Tables(const TableSource& source, const TableOptions& options)
      : source_(source), options_(options), reference_(reference_of(source.grid().methods, options)) {}

  std::vector<PaperTable> make() {
    for (const TableBiomarker& biomarker : source_.grid().biomarkers) add(biomarker);
    if (options_.ci == TableCi::patients_and_repeats && !repeats_vary_) {
      throw InputError(
          "--ci patients+repeats: no fold of this grid has results of two repeats; set repeats = 2 or more in "
          "[grid] and run the grid again, which keeps what is done");
    }
    std::vector<PaperTable> tables;
    tables.push_back(finish_bootstrapped(
        std::move(table1_), source_, options_, repeats_vary_,
        labels(table1_metrics()) + " in percent, mean over " + folds() + " and then over auxiliaries." + training_));
    tables.push_back(
        finish_bootstrapped(std::move(table2_), source_, options_, repeats_vary_,
                            // Prose; a test asks that it names every metric of the table.
                            "Silhouette score of the class token's embeddings on external cohorts (euclidean, true "
                            "labels), mean over " +
                                folds() + "; mean: over auxiliaries."));
    for (Draft& s : supplements_) {
      const std::string what =
          fmt::format("{} with {}: every metric, mean over {}.", s.pair->first, s.pair->second, folds());
      tables.push_back(
          finish_bootstrapped(std::move(s), source_, options_, repeats_vary_, what + " " + units_and_notes() + "."));
    }
    for (const TableBiomarker& biomarker : source_.grid().biomarkers) {
      for (std::size_t a = 0; a < biomarker.auxiliaries.size(); ++a) {
        tables.push_back(delong_table(source_, biomarker, a, options_.confidence));
      }
    }
    std::move(comparisons_.begin(), comparisons_.end(), std::back_inserter(tables));
    name_apart(tables);
    return tables;
  }

 private:
  void add(const TableBiomarker& biomarker) {
    std::vector<Draft> supplements;
    for (const std::string& auxiliary : biomarker.auxiliaries) {
      supplements.push_back(begin_table(source_.grid(), pair_stem("supplement", biomarker.name, auxiliary), 3));
      supplements.back().pair = {biomarker.name, auxiliary};
    }
    count_cells(biomarker, supplements);
    for (const TableCohort& cohort : biomarker.cohorts) {
      const bool replicated = options_.ci != TableCi::folds && options_.resamples > 0;
      const CohortReplicates values(read_cohort_cells(source_, biomarker, cohort, replicated), options_);
      repeats_vary_ |= values.repeats_vary();
      add_to_table1(values, biomarker, cohort);
      if (cohort.external()) add_to_table2(values, biomarker, cohort);
      for (std::size_t a = 0; a < supplements.size(); ++a)
        add_to_supplement(supplements[a], values, a, biomarker, cohort);
      add_comparisons(values, biomarker, cohort);
    }
    std::move(supplements.begin(), supplements.end(), std::back_inserter(supplements_));
  }

  // What the values are means over.
  std::string folds() const { return repeated_ ? "repeats, then over folds" : "folds"; }

  void add_comparisons(const CohortReplicates& values, const TableBiomarker& biomarker, const TableCohort& cohort) {
    if (!reference_ || source_.grid().methods.size() < 2) return;
    ComparisonOptions options;
    options.reference = *reference_;
    options.test_over_train = source_.test_over_train(biomarker);
    for (const Metric* m : table1_metrics()) {
      comparisons_.push_back(comparison_table(source_, biomarker, cohort, values, *m, options));
    }
  }

  void count_cells(const TableBiomarker& biomarker, std::vector<Draft>& supplements) {
    for (const TableCell& cell : source_.cells(biomarker)) {
      for (Draft* draft : {&table1_, &table2_, &supplements[cell.auxiliary]}) {
        ++draft->cells;
        draft->results += cell.attempt > 0;
        repeated_ |= cell.repeat > 0;
      }
    }
  }

  void add_to_table1(const CohortReplicates& values, const TableBiomarker& biomarker, const TableCohort& cohort) {
    if (!cohort.external()) {
      training_ += fmt::format(" {} on {}: the held-out folds.", biomarker.name, cohort.label);
    }
    for (const Metric* m : table1_metrics()) {
      table1_.add({biomarker.name, cohort.label, kMean, m->name}, {biomarker.name, cohort.label, heading(*m)},
                  column_of(values, *m, std::nullopt, kPercent));
    }
    note_cohort(table1_, values, biomarker, cohort, options_);
  }

  void add_to_table2(const CohortReplicates& values, const TableBiomarker& biomarker, const TableCohort& cohort) {
    const std::vector<const Metric*> shown = table2_metrics();
    for (const Metric* m : shown) {
      const auto add = [&](const std::string& auxiliary, std::optional<std::size_t> index) {
        const std::string last = shown.size() == 1 ? auxiliary : heading(*m) + ", " + auxiliary;
        table2_.add({biomarker.name, cohort.label, auxiliary, m->name}, {biomarker.name, cohort.label, last},
                    column_of(values, *m, index, 1));
      };
      for (std::size_t a = 0; a < biomarker.auxiliaries.size(); ++a) add(biomarker.auxiliaries[a], a);
      add(kMean, std::nullopt);
    }
    note_cohort(table2_, values, biomarker, cohort, options_);
  }

  void add_to_supplement(Draft& draft, const CohortReplicates& values, std::size_t auxiliary,
                         const TableBiomarker& biomarker, const TableCohort& cohort) {
    for (const Metric* m : supplement_metrics()) {
      if (m->kind == MetricKind::embedding && !cohort.external()) continue;
      draft.add({biomarker.name, cohort.label, biomarker.auxiliaries[auxiliary], m->name}, {cohort.label, heading(*m)},
                column_of(values, *m, auxiliary, 1));
    }
    note_cohort(draft, values, biomarker, cohort, options_);
  }

  // Different names may give the same file name.
  static void name_apart(std::vector<PaperTable>& tables) {
    std::set<std::string> taken;
    for (PaperTable& table : tables) {
      const std::string stem = table.file_stem;
      for (int i = 2; !taken.insert(table.file_stem).second; ++i) table.file_stem = fmt::format("{}_{}", stem, i);
    }
  }

  const TableSource& source_;
  const TableOptions& options_;
  const std::optional<std::size_t> reference_;  // of comparisons
  bool repeats_vary_ = false;                   // in some cohort
  bool repeated_ = false;                       // the grid has repeats
  Draft table1_ = begin_table(source_.grid(), "table1", 1), table2_ = begin_table(source_.grid(), "table2", 2);
  std::string training_;
  std::vector<Draft> supplements_;
  std::vector<PaperTable> comparisons_;
};

}  // namespace

std::vector<PaperTable> paper_tables(const std::filesystem::path& store, const TableOptions& options) {
  const TableSource source(store, options.grid);
  return Tables(source, options).make();
}

}  // namespace mtlgrid

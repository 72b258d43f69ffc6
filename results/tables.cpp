// Tables 1 and 2 and the supplementary ones: which columns, what the captions and footnotes say.
#include "results/tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "results/replicates.h"
#include "results/table_columns.h"

namespace mtlgrid {
namespace {

constexpr const char* kMean = "mean";
constexpr double kPercent = 100;

// A table on its way, and what its footnotes need.
struct Draft {
  PaperTable table;
  std::optional<std::pair<std::string, std::string>> pair;  // of a supplementary table
  int cells = 0, results = 0;
  int left_out = 0, untested = 0, stars = 0;
  std::map<std::string, std::map<std::string, int>> undefined;  // metric: reason: cells
  std::vector<std::string> notes;

  void add(TableColumn column, std::vector<std::string> heading, const TableColumnValues& found) {
    undefined[table_metric(column.metric).label];
    for (const auto& [reason, count] : found.undefined) undefined[table_metric(column.metric).label][reason] += count;
    left_out = std::max(left_out, found.left_out);
    untested = std::max(untested, found.untested);
    table.columns.push_back(std::move(column));
    table.header.resize(heading.size());
    for (std::size_t i = 0; i < heading.size(); ++i) table.header[i].push_back(std::move(heading[i]));
    for (std::size_t m = 0; m < found.values.size(); ++m) {
      table.values[m].push_back(found.values[m]);
      stars = std::max(stars, found.values[m].stars);
    }
  }
  void add_note_once(const std::string& note) {
    if (std::find(notes.begin(), notes.end(), note) == notes.end()) notes.push_back(note);
  }
};

Draft begin_table(const TableGrid& grid, std::string stem, int decimals) {
  Draft draft;
  draft.table.file_stem = std::move(stem);
  draft.table.decimals = decimals;
  draft.table.methods = grid.methods;
  draft.table.values.resize(grid.methods.size());
  return draft;
}

// A name as part of a file's: what a shell or a file system might take amiss becomes '_'.
std::string file_safe(const std::string& name) {
  std::string out;
  for (char c : name) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' ||
                       static_cast<unsigned char>(c) >= 0x80 || (c == '.' && !out.empty());
    out += plain ? c : '_';
  }
  return out;
}

// What the brackets and stars are, for captions.
std::string caption_of_ci(const TableOptions& options, const std::vector<std::string>& methods) {
  if (options.ci == TableCi::folds) {
    return fmt::format(
        "In brackets the {:g} % and {:g} % percentiles of the fold values, as the released code prints them. ",
        50 * (1 - options.confidence), 50 * (1 + options.confidence));
  }
  if (options.resamples <= 0) return "";
  std::string text = fmt::format(
      "In brackets {:g} % bootstrap CIs: patients resampled ({} replicates, shared by all methods, auxiliaries and "
      "folds), trained models held fixed. ",
      100 * options.confidence, options.resamples);
  if (std::find(methods.begin(), methods.end(), "baseline") != methods.end() && methods.size() > 1) {
    text += fmt::format(
        "Differs from baseline on the same replicates (two-sided, Holm over the {} other methods of the column): ∗ p < "
        "0.05, ∗∗ p < 0.01, ∗∗∗ p < 0.001. ",
        methods.size() - 1);
  }
  return text;
}

std::string caption_of_state(const Draft& draft) {
  std::string text = "Bold: best of the column.";
  if (draft.results < draft.cells) {
    text = "Bold: best of the column among the values over the most cells.";
    text += fmt::format(" PARTIAL: {} of {} cells have a result.", draft.results, draft.cells);
  }
  return text;
}

void note_missing(Draft& draft) {
  auto& notes = draft.table.notes;
  if (draft.results < draft.cells) {
    notes.push_back(
        fmt::format("Partial table: {} of {} cells have a result. (have/want) stands where cells are missing: the "
                    "value is the mean "
                    "over those there are; – where there is none.",
                    draft.results, draft.cells));
  }
  for (const auto& [metric, reasons] : draft.undefined) {
    for (const auto& [reason, count] : reasons) {
      notes.push_back(fmt::format("{} is undefined in {} results: {}.", metric, count, reason));
    }
  }
}

void note_replicates(Draft& draft, const TableOptions& options) {
  auto& notes = draft.table.notes;
  std::move(draft.notes.begin(), draft.notes.end(), std::back_inserter(notes));
  if (options.ci != TableCi::bootstrap || options.resamples <= 0) return;
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

PaperTable finish(Draft draft, const TableSource& source, const TableOptions& options, const std::string& what) {
  draft.table.caption = what + " " + caption_of_ci(options, draft.table.methods) + caption_of_state(draft);
  note_missing(draft);
  note_replicates(draft, options);
  for (const std::string& mixture : source.mixtures(draft.pair)) {
    draft.table.notes.push_back("The cells were not all trained alike; " + mixture + ".");
  }
  return std::move(draft.table);
}

void note_cohort(Draft& draft, const CohortValues& values, const TableBiomarker& biomarker, const TableCohort& cohort,
                 const TableOptions& options) {
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

// All tables of a grid, filled cohort by cohort, since a cohort's replicates are large.
class Tables {
 public:
  Tables(const TableSource& source, const TableOptions& options) : source_(source), options_(options) {}

  std::vector<PaperTable> make() {
    for (const TableBiomarker& biomarker : source_.grid().biomarkers) add(biomarker);
    std::vector<PaperTable> tables;
    tables.push_back(finish(std::move(table1_), source_, options_,
                            "AUROC and AUPRC in percent, mean over folds and then over auxiliaries." + training_));
    tables.push_back(finish(std::move(table2_), source_, options_,
                            "Silhouette score of the class token's embeddings on external cohorts (euclidean, true "
                            "labels), mean over folds; mean: over auxiliaries."));
    for (Draft& s : supplements_) {
      const std::string what = fmt::format("{} with {}: every metric, mean over folds.", s.pair->first, s.pair->second);
      tables.push_back(finish(std::move(s), source_, options_,
                              what + " CE in nats; MAE in the auxiliary's units; the class at P > 0.5 for F1."));
    }
    name_apart(tables);
    return tables;
  }

 private:
  void add(const TableBiomarker& biomarker) {
    std::vector<Draft> supplements;
    for (const std::string& auxiliary : biomarker.auxiliaries) {
      supplements.push_back(
          begin_table(source_.grid(), "supplement_" + file_safe(biomarker.name) + "_" + file_safe(auxiliary), 3));
      supplements.back().pair = {biomarker.name, auxiliary};
    }
    count_cells(biomarker, supplements);
    for (const TableCohort& cohort : biomarker.cohorts) {
      const CohortValues values(source_, biomarker, cohort, options_);
      add_to_table1(values, biomarker, cohort);
      if (cohort.external()) add_to_table2(values, biomarker, cohort);
      for (std::size_t a = 0; a < supplements.size(); ++a)
        add_to_supplement(supplements[a], values, a, biomarker, cohort);
    }
    std::move(supplements.begin(), supplements.end(), std::back_inserter(supplements_));
  }

  void count_cells(const TableBiomarker& biomarker, std::vector<Draft>& supplements) {
    for (const TableCell& cell : source_.cells(biomarker)) {
      for (Draft* draft : {&table1_, &table2_, &supplements[cell.auxiliary]}) {
        ++draft->cells;
        draft->results += cell.attempt > 0;
      }
    }
  }

  void add_to_table1(const CohortValues& values, const TableBiomarker& biomarker, const TableCohort& cohort) {
    if (!cohort.external()) {
      training_ += fmt::format(" {} on {}: the held-out folds.", biomarker.name, cohort.label);
    }
    for (const char* name : {"auroc", "auprc"}) {
      const TableMetric& metric = table_metric(name);
      table1_.add({biomarker.name, cohort.label, kMean, name}, {biomarker.name, cohort.label, metric.label},
                  values.column(metric, std::nullopt, kPercent));
    }
    note_cohort(table1_, values, biomarker, cohort, options_);
  }

  void add_to_table2(const CohortValues& values, const TableBiomarker& biomarker, const TableCohort& cohort) {
    const TableMetric& metric = table_metric("silhouette");
    for (std::size_t a = 0; a < biomarker.auxiliaries.size(); ++a) {
      const std::string& auxiliary = biomarker.auxiliaries[a];
      table2_.add({biomarker.name, cohort.label, auxiliary, metric.name}, {biomarker.name, cohort.label, auxiliary},
                  values.column(metric, a, 1));
    }
    table2_.add({biomarker.name, cohort.label, kMean, metric.name}, {biomarker.name, cohort.label, kMean},
                values.column(metric, std::nullopt, 1));
    note_cohort(table2_, values, biomarker, cohort, options_);
  }

  void add_to_supplement(Draft& draft, const CohortValues& values, std::size_t auxiliary,
                         const TableBiomarker& biomarker, const TableCohort& cohort) {
    for (const char* name : {"auroc", "auprc", "f1", "ce", "pearson_r", "r2", "mae", "silhouette"}) {
      const TableMetric& metric = table_metric(name);
      if (metric.name == "silhouette" && !cohort.external()) continue;
      draft.add({biomarker.name, cohort.label, biomarker.auxiliaries[auxiliary], name}, {cohort.label, metric.label},
                values.column(metric, auxiliary, 1));
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
  Draft table1_ = begin_table(source_.grid(), "table1", 1), table2_ = begin_table(source_.grid(), "table2", 2);
  std::string training_;
  std::vector<Draft> supplements_;
};

}  // namespace

std::vector<PaperTable> paper_tables(const std::filesystem::path& store, const TableOptions& options) {
  const TableSource source(store, options.grid);
  return Tables(source, options).make();
}

}  // namespace mtlgrid

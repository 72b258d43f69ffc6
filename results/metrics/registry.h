// The metrics of a cell, one row each. Everything that needs to know a metric by name asks here: a cell's metrics and
// their bootstrap, the replicates of tables, the tables' columns and captions, the store's views, the page
// docs/statistics.md. How to add one: docs/statistics.md, "Adding a metric".
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "results/metrics/resamples.h"

namespace mtlgrid {

// DeLong's method is about this metric alone, so its tables name it.
inline constexpr const char* kAuroc = "auroc";

// One cell's predictions on one cohort, checked, in the form that metrics are computed from. All in double precision.
struct MetricData {
  std::vector<int> label;                  // [n], 1 positive and 0 negative
  std::vector<double> score, log_odds;     // [n]
  std::vector<double> distance;            // [n, n] between embeddings; empty where there are none
  std::vector<double> target, prediction;  // [m], of the patients who have both
};

// What a metric measures, and so which patients it uses.
enum class MetricKind {
  classification,  // the prediction of the biomarker: every patient
  regression,      // the prediction of the auxiliary: patients with target and prediction; `baseline` has none
  embedding,       // the embeddings: every patient of an external cohort
};

enum class Better { higher, lower, neither };

// Which tables have a column for a metric.
struct ShownIn {
  bool table1 = false;  // in percent, mean over folds and auxiliaries
  bool table2 = false;  // on external cohorts, per auxiliary and their mean
  int supplement = 0;   // position in the supplementary tables, from 1; 0: not there
};

struct Metric {
  const char* name = "";   // in stores, CSV files and answers; never changes
  const char* label = "";  // in running text; heading() for headings
  const char* unit = "";   // empty for a pure number
  const char* note = "";   // what the caption of a table that shows it must add; may be empty
  MetricKind kind = MetricKind::classification;
  Better better = Better::neither;
  // The metric, prepared for resamples; null for one that is derived.
  ResampledMetric (*prepare)(const MetricData& data) = nullptr;
  // Or a number derived from the value of the metric `derived_from`, an earlier row, over n patients: a p-value. It is
  // not resampled and has no CI.
  const char* derived_from = nullptr;
  double (*derive)(double value, std::int64_t n) = nullptr;
  ShownIn shown = {};
};

// All metrics, in the order in which a cell's record lists them.
std::span<const Metric> metrics();

// The row of a name; std::out_of_range for an unknown one.
const Metric& metric(std::string_view name);

// The metrics of Table 1, of Table 2 and of the supplementary tables, in the order of their columns.
std::vector<const Metric*> table1_metrics();
std::vector<const Metric*> table2_metrics();
std::vector<const Metric*> supplement_metrics();

// The label with its first letter in upper case.
std::string heading(const Metric& metric);

// The labels as a list in running text: "AUROC, AUPRC and silhouette".
std::string labels(std::span<const Metric* const> metrics);

}  // namespace mtlgrid

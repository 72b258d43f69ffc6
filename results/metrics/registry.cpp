#include "results/metrics/registry.h"

#include <algorithm>
#include <cctype>
#include <stdexcept>

#include "results/metrics/classification.h"
#include "results/metrics/regression.h"
#include "results/metrics/silhouette.h"

namespace mtlgrid {
namespace {

using enum MetricKind;
using enum Better;

constexpr Metric kMetrics[] = {
    {.name = kAuroc,
     .label = "AUROC",
     .kind = classification,
     .better = higher,
     .prepare = [](const MetricData& d) { return resampled_auroc(d.label, d.score); },
     .shown = {.table1 = true, .supplement = 1}},
    {.name = "auprc",
     .label = "AUPRC",
     .kind = classification,
     .better = higher,
     .prepare = [](const MetricData& d) { return resampled_average_precision(d.label, d.score); },
     .shown = {.table1 = true, .supplement = 2}},
    {.name = "ce",
     .label = "CE",
     .unit = "nats",
     .kind = classification,
     .better = lower,
     .prepare = [](const MetricData& d) { return resampled_cross_entropy(d.label, d.log_odds); },
     .shown = {.supplement = 4}},
    {.name = "f1",
     .label = "F1",
     .note = "the class at P > 0.5 for F1",
     .kind = classification,
     .better = higher,
     .prepare = [](const MetricData& d) { return resampled_f1(d.label, d.score); },
     .shown = {.supplement = 3}},
    {.name = "pearson_r",
     .label = "Pearson r",
     .kind = regression,
     .better = higher,
     .prepare = [](const MetricData& d) { return resampled_pearson_r(d.target, d.prediction); },
     .shown = {.supplement = 5}},
    {.name = "pearson_p",
     .label = "Pearson p",
     .kind = regression,
     .better = neither,
     .derived_from = "pearson_r",
     .derive = pearson_p},
    {.name = "mae",
     .label = "MAE",
     .unit = "the auxiliary's units",
     .kind = regression,
     .better = lower,
     .prepare = [](const MetricData& d) { return resampled_mean_absolute_error(d.target, d.prediction); },
     .shown = {.supplement = 7}},
    {.name = "r2",
     .label = "R²",
     .kind = regression,
     .better = higher,
     .prepare = [](const MetricData& d) { return resampled_r_squared(d.target, d.prediction); },
     .shown = {.supplement = 6}},
    {.name = "silhouette",
     .label = "silhouette",
     .kind = embedding,
     .better = higher,
     .prepare = [](const MetricData& d) { return resampled_silhouette(d.label, d.distance); },
     .shown = {.table2 = true, .supplement = 8}},
};

template <typename Wanted>
std::vector<const Metric*> those(const Wanted& wanted) {
  std::vector<const Metric*> found;
  for (const Metric& m : kMetrics) {
    if (wanted(m.shown)) found.push_back(&m);
  }
  return found;
}

}  // namespace

std::span<const Metric> metrics() { return kMetrics; }

const Metric& metric(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kMetrics), std::end(kMetrics), [&](const Metric& m) { return m.name == name; });
  if (found == std::end(kMetrics)) throw std::out_of_range("no metric " + std::string(name));
  return *found;
}

std::vector<const Metric*> table1_metrics() {
  return those([](const ShownIn& shown) { return shown.table1; });
}

std::vector<const Metric*> table2_metrics() {
  return those([](const ShownIn& shown) { return shown.table2; });
}

std::vector<const Metric*> supplement_metrics() {
  std::vector<const Metric*> found = those([](const ShownIn& shown) { return shown.supplement > 0; });
  std::sort(found.begin(), found.end(),
            [](const Metric* a, const Metric* b) { return a->shown.supplement < b->shown.supplement; });
  return found;
}

std::string heading(const Metric& metric) {
  std::string text = metric.label;
  text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}

std::string labels(std::span<const Metric* const> metrics) {
  std::string text;
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    if (i > 0) text += i + 1 == metrics.size() ? " and " : ", ";
    text += metrics[i]->label;
  }
  return text;
}

}  // namespace mtlgrid

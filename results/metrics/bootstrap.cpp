#include "results/metrics/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <map>
#include <string>
#include <utility>

#include "results/metrics/prepare_metrics.h"
#include "results/metrics/quantile.h"

namespace mtlgrid {
namespace {

// A metric during the bootstrap.
struct Running {
  PreparedMetric prepared;
  MetricRow row;
  std::vector<double> resampled;  // values of the resamples in which it was defined
};

// The metric with its point estimate, on all patients.
Running begin(const std::string& cohort, PreparedMetric prepared) {
  MetricRow row{cohort,   prepared.metric->name,     kMissing, kMissing,
                kMissing, std::ssize(prepared.rows), 0,        prepared.reason};
  if (prepared.function) {
    const Resampled value = prepared.function(std::vector<int>(prepared.rows.size(), 1));
    row.value = value.value;
    if (value.reason) row.reason = value.reason;
  }
  return {std::move(prepared), std::move(row), {}};
}

void percentiles(Running& running, const BootstrapSettings& settings) {
  MetricRow& row = running.row;
  if (std::ssize(running.resampled) < settings.resamples) {
    row.reason = "no CI: undefined in " + std::to_string(row.redrawn) + " of " +
                 std::to_string(row.redrawn + std::ssize(running.resampled)) + " resamples";
    return;
  }
  std::sort(running.resampled.begin(), running.resampled.end());
  const double tail = (1 - settings.confidence) / 2;
  row.ci_low = quantile(running.resampled, tail);
  row.ci_high = quantile(running.resampled, 1 - tail);
}

// Bootstraps metrics of the same n patients on the same sequence of resamples: each uses the first `resamples` of the
// sequence in which it is defined.
void bootstrap(const std::vector<Running*>& metrics, std::size_t n, const BootstrapSettings& settings,
               const RandomStream& stream) {
  std::vector<Running*> open = metrics;
  std::vector<int> multiplicity(n);
  const std::uint64_t limit = 100 * static_cast<std::uint64_t>(settings.resamples);
  for (std::uint64_t draw = 0; draw < limit && !open.empty(); ++draw) {
    draw_multiplicities(stream, draw, multiplicity);
    for (Running* m : open) {
      const Resampled value = m->prepared.function(multiplicity);
      if (value.reason) {
        ++m->row.redrawn;
      } else {
        m->resampled.push_back(value.value);
      }
    }
    std::erase_if(open, [&](const Running* m) { return std::ssize(m->resampled) >= settings.resamples; });
  }
  for (Running* m : metrics) percentiles(*m, settings);
}

// A derived metric, from the row it is derived from. Resamples hold copies of patients, so their p-values mean nothing:
// no CI.
MetricRow derived(const Metric& metric, const MetricRow& from) {
  MetricRow row{from.cohort, metric.name, kMissing, kMissing, kMissing, from.n, 0, from.reason};
  if (std::isnan(from.value)) return row;
  row.value = metric.derive(from.value, from.n);
  row.reason = "no CI: a p-value has none";
  return row;
}

// The rows of the metrics that were resampled, and of those derived from them, in the order of the registry.
std::vector<MetricRow> rows_of(const std::vector<Running>& running) {
  std::vector<MetricRow> rows;
  const auto row_of = [&](const std::string& name) {
    return std::find_if(rows.begin(), rows.end(), [&](const MetricRow& r) { return r.metric == name; });
  };
  auto next = running.begin();
  for (const Metric& m : metrics()) {
    if (m.derive == nullptr) {
      if (next != running.end() && next->prepared.metric == &m) rows.push_back((next++)->row);
    } else if (const auto from = row_of(m.derived_from); from != rows.end()) {
      rows.push_back(derived(m, *from));
    }
  }
  return rows;
}

}  // namespace

std::vector<MetricRow> cell_metrics(const std::string& cohort, std::span<const Prediction> predictions,
                                    std::span<const std::vector<float>> embeddings, const BootstrapSettings& settings,
                                    const RandomStream& stream) {
  std::vector<Running> running;
  for (PreparedMetric& m : prepare_metrics(predictions, embeddings)) running.push_back(begin(cohort, std::move(m)));
  std::map<std::size_t, std::vector<Running*>> by_size;
  for (Running& r : running) {
    if (!std::isnan(r.row.value) && settings.resamples > 0) by_size[r.prepared.rows.size()].push_back(&r);
  }
  for (auto& [n, metrics] : by_size) bootstrap(metrics, n, settings, stream);
  return rows_of(running);
}

}  // namespace mtlgrid

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
#include "results/metrics/regression.h"

namespace mtlgrid {
namespace {

// A metric on its way through the bootstrap.
struct Running {
  PreparedMetric prepared;
  MetricRow row;
  std::vector<double> resampled;  // values of the resamples in which it was defined
};

// With the point estimate, on everyone.
Running begin(const std::string& cohort, PreparedMetric prepared) {
  MetricRow row{cohort, prepared.name, kMissing, kMissing, kMissing, std::ssize(prepared.rows), 0, prepared.reason};
  if (prepared.metric) {
    const Resampled value = prepared.metric(std::vector<int>(prepared.rows.size(), 1));
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
void bootstrap(std::vector<Running*> metrics, std::size_t n, const BootstrapSettings& settings,
               const RandomStream& stream) {
  std::vector<Running*> open = metrics;
  std::vector<int> multiplicity(n);
  const std::uint64_t limit = 100 * static_cast<std::uint64_t>(settings.resamples);
  for (std::uint64_t draw = 0; draw < limit && !open.empty(); ++draw) {
    draw_multiplicities(stream, draw, multiplicity);
    for (Running* m : open) {
      const Resampled value = m->prepared.metric(multiplicity);
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

// The p-value of a row `pearson_r`. Resamples hold copies of patients, so their p-values mean nothing: no CI.
MetricRow p_value_of(const MetricRow& r) {
  MetricRow p{r.cohort, "pearson_p", kMissing, kMissing, kMissing, r.n, 0, r.reason};
  if (std::isnan(r.value)) return p;
  p.value = pearson_p(r.value, r.n);
  p.reason = "no CI: a p-value has none";
  return p;
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
  std::vector<MetricRow> rows;
  for (Running& r : running) {
    rows.push_back(std::move(r.row));
    if (rows.back().metric == "pearson_r") rows.push_back(p_value_of(rows.back()));
  }
  return rows;
}

}  // namespace mtlgrid

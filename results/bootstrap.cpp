// Percentile bootstrap over patients, and all metrics of a cell.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

#include "datasets/errors.h"
#include "results/metrics.h"
#include "results/resampling.h"

namespace mtlgrid {
namespace {

// A metric on its way through the bootstrap.
struct Running {
  MetricRow row;
  ResampledMetric metric;
  std::vector<double> resampled;  // values of the resamples in which it was defined
};

// The point estimate, on everyone.
Running begin(const std::string& cohort, std::string name, std::size_t n, ResampledMetric metric) {
  Running running{{cohort, std::move(name), kMissing, kMissing, kMissing, static_cast<std::int64_t>(n), 0, ""},
                  std::move(metric),
                  {}};
  const Resampled value = running.metric(std::vector<int>(n, 1));
  running.row.value = value.value;
  if (value.reason) running.row.reason = value.reason;
  return running;
}

// A metric that cannot be computed at all.
Running without(const std::string& cohort, std::string name, std::string reason) {
  return {{cohort, std::move(name), kMissing, kMissing, kMissing, 0, 0, std::move(reason)}, nullptr, {}};
}

void percentiles(Running& running, const BootstrapSettings& settings) {
  MetricRow& row = running.row;
  if (static_cast<int>(running.resampled.size()) < settings.resamples) {
    row.reason = "no CI: undefined in " + std::to_string(row.redrawn) + " of " +
                 std::to_string(row.redrawn + static_cast<std::int64_t>(running.resampled.size())) + " resamples";
    return;
  }
  std::sort(running.resampled.begin(), running.resampled.end());
  const double tail = (1 - settings.confidence) / 2;
  row.ci_low = quantile(running.resampled, tail);
  row.ci_high = quantile(running.resampled, 1 - tail);
}

// Bootstraps metrics of the same n patients on the same sequence of resamples: each uses the first `resamples` of the
// sequence in which it is defined.
void bootstrap(std::span<Running> metrics, std::size_t n, const BootstrapSettings& settings,
               const RandomStream& stream) {
  std::vector<Running*> open;
  for (Running& m : metrics) {
    if (!std::isnan(m.row.value) && settings.resamples > 0) open.push_back(&m);
  }
  const std::vector<Running*> asked = open;
  std::vector<int> multiplicity(n);
  const std::uint64_t limit = 100 * static_cast<std::uint64_t>(std::max(settings.resamples, 0));
  for (std::uint64_t draw = 0; draw < limit && !open.empty(); ++draw) {
    draw_multiplicities(stream, draw, multiplicity);
    for (Running* m : open) {
      const Resampled value = m->metric(multiplicity);
      if (value.reason) {
        ++m->row.redrawn;
      } else {
        m->resampled.push_back(value.value);
      }
    }
    std::erase_if(open, [&](const Running* m) { return static_cast<int>(m->resampled.size()) >= settings.resamples; });
  }
  for (Running* m : asked) percentiles(*m, settings);
}

struct Columns {
  std::vector<int> label;
  std::vector<double> score, log_odds;
  std::vector<double> target, prediction;  // of the patients who have both
  std::string no_regression;               // why nobody has
};

void require_finite(double value, const char* what, const Prediction& p) {
  if (std::isfinite(value)) return;
  throw Error(ErrorKind::cell_failed, std::string(what) + " of patient " + p.patient + " (" + p.cohort + ") is " +
                                          std::to_string(value) + ", expected a finite number");
}

Columns columns_of(std::span<const Prediction> predictions) {
  Columns c;
  bool any_prediction = false;
  for (const Prediction& p : predictions) {
    require_finite(p.score, "score", p);
    require_finite(p.log_odds, "log-odds", p);
    if (!std::isnan(p.target)) require_finite(p.target, "target", p);
    if (!std::isnan(p.prediction)) require_finite(p.prediction, "prediction", p);
    c.label.push_back(p.label);
    c.score.push_back(p.score);
    c.log_odds.push_back(p.log_odds);
    any_prediction = any_prediction || !std::isnan(p.prediction);
    if (std::isnan(p.target) || std::isnan(p.prediction)) continue;
    c.target.push_back(p.target);
    c.prediction.push_back(p.prediction);
  }
  if (c.target.empty()) c.no_regression = any_prediction ? "no auxiliary values" : "no regression";
  return c;
}

std::vector<Running> classification(const std::string& cohort, const Columns& c) {
  const std::size_t n = c.label.size();
  std::vector<Running> out;
  out.push_back(begin(cohort, "auroc", n, resampled_auroc(c.label, c.score)));
  out.push_back(begin(cohort, "auprc", n, resampled_average_precision(c.label, c.score)));
  out.push_back(begin(cohort, "ce", n, resampled_cross_entropy(c.label, c.log_odds)));
  out.push_back(begin(cohort, "f1", n, resampled_f1(c.label, c.score)));
  return out;
}

std::vector<Running> regression(const std::string& cohort, const Columns& c) {
  std::vector<Running> out;
  if (!c.no_regression.empty()) {
    for (const char* name : {"pearson_r", "mae", "r2"}) out.push_back(without(cohort, name, c.no_regression));
    return out;
  }
  const std::size_t n = c.target.size();
  out.push_back(begin(cohort, "pearson_r", n, resampled_pearson_r(c.target, c.prediction)));
  out.push_back(begin(cohort, "mae", n, resampled_mean_absolute_error(c.target, c.prediction)));
  out.push_back(begin(cohort, "r2", n, resampled_r_squared(c.target, c.prediction)));
  return out;
}

}  // namespace

void draw_multiplicities(const RandomStream& stream, std::uint64_t draw, std::span<int> multiplicity) {
  std::fill(multiplicity.begin(), multiplicity.end(), 0);
  const RandomStream words = stream.child(draw);
  std::uint64_t counter = 0;
  const auto n = static_cast<std::uint32_t>(multiplicity.size());
  for (std::uint32_t i = 0; i < n; ++i) ++multiplicity[words.below(n, counter)];
}

double quantile(std::span<const double> sorted, double q) {
  if (sorted.empty() || !(q >= 0 && q <= 1)) throw std::invalid_argument("quantile: no values, or q outside [0, 1]");
  const double position = q * static_cast<double>(sorted.size() - 1);
  const std::size_t below = std::min(static_cast<std::size_t>(position), sorted.size() - 1);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  const double step = sorted[above] - sorted[below], t = position - static_cast<double>(below);
  return t < 0.5 ? sorted[below] + step * t : sorted[above] - step * (1 - t);  // as numpy, monotone in q
}

std::vector<MetricRow> cell_metrics(const std::string& cohort, std::span<const Prediction> predictions,
                                    std::span<const std::vector<float>> embeddings, const BootstrapSettings& settings,
                                    const RandomStream& stream) {
  if (!embeddings.empty() && embeddings.size() != predictions.size()) {
    throw std::invalid_argument("cell_metrics: " + std::to_string(embeddings.size()) + " embeddings of " +
                                std::to_string(predictions.size()) + " patients");
  }
  const Columns columns = columns_of(predictions);
  const std::size_t n = columns.label.size();
  std::vector<Running> of_class = classification(cohort, columns), of_regression = regression(cohort, columns);
  if (!embeddings.empty()) {
    of_class.push_back(begin(cohort, "silhouette", n, resampled_silhouette(columns.label, distances(embeddings))));
  }
  bootstrap(of_class, n, settings, stream);
  bootstrap(of_regression, columns.target.size(), settings, stream);
  std::vector<MetricRow> rows;
  for (std::size_t i = 0; i < 4; ++i) rows.push_back(std::move(of_class[i].row));
  for (Running& r : of_regression) rows.push_back(std::move(r.row));
  for (std::size_t i = 4; i < of_class.size(); ++i) rows.push_back(std::move(of_class[i].row));
  return rows;
}

}  // namespace mtlgrid

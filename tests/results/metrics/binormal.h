// Simulated cohorts with a known true AUROC, and how often intervals cover it.
#pragma once

#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <string>
#include <vector>

#include "results/metrics/bootstrap.h"
#include "results/metrics/delong.h"

namespace mtlgrid {

// A population: a patient is positive with probability `prevalence`; scores are N(mu, 1) in positives and N(0, 1) in
// negatives, with mu such that a positive is above a negative with probability `auroc`.
struct Binormal {
  std::size_t patients = 100;
  double prevalence = 0.3, auroc = 0.8;

  std::vector<Prediction> draw(const RandomStream& stream) const {
    const boost::math::normal normal;
    const double mu = std::numbers::sqrt2 * boost::math::quantile(normal, auroc);
    std::vector<Prediction> out(patients);
    for (std::size_t i = 0; i < patients; ++i) {
      out[i].label = stream.uniform_double(2 * i) < prevalence;
      const double u = stream.uniform_double(2 * i + 1) + 0x1p-54;  // above 0
      out[i].score = out[i].log_odds = mu * out[i].label + boost::math::quantile(normal, u);
      out[i].target = out[i].prediction = kMissing;
    }
    return out;
  }
};

// Coverage of the intervals of many data sets. The counts are over the data sets that have an interval.
struct Coverage {
  int data_sets = 0, intervals = 0, covered = 0;
  int too_low = 0;   // intervals entirely below the truth
  int points = 0;    // intervals without width
  double width = 0;  // sum

  void add(double low, double high, double truth) {
    ++data_sets;
    if (std::isnan(low)) return;
    ++intervals;
    covered += low <= truth && truth <= high;
    too_low += high < truth;
    points += low == high;
    width += high - low;
  }
  double rate() const { return static_cast<double>(covered) / intervals; }
  double standard_error() const { return std::sqrt(rate() * (1 - rate()) / intervals); }
  double mean_width() const { return width / intervals; }
};

// A cell's bootstrap CI of its AUROC (cell_metrics) and DeLong's, on the same data sets.
struct CoverageOfBoth {
  Coverage bootstrap, delong;
  std::int64_t redrawn = 0;
};

inline CoverageOfBoth coverage_of(const Binormal& population, int data_sets, const BootstrapSettings& settings,
                                  const RandomStream& stream) {
  CoverageOfBoth out;
  for (int d = 0; d < data_sets; ++d) {
    const RandomStream own = stream.child(static_cast<std::uint64_t>(d));
    const std::vector<Prediction> patients = population.draw(own.child(0));
    const MetricRow row = cell_metrics("test", patients, {}, settings, own.child(1)).front();
    out.redrawn += row.redrawn;
    out.bootstrap.add(row.ci_low, row.ci_high, population.auroc);
    std::vector<int> label;
    std::vector<double> score;
    for (const Prediction& p : patients) {
      label.push_back(p.label);
      score.push_back(p.score);
    }
    const DelongInterval interval = delong_interval(label, score, settings.confidence);
    out.delong.add(interval.ci_low, interval.ci_high, population.auroc);
  }
  return out;
}

}  // namespace mtlgrid

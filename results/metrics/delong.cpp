#include "results/metrics/delong.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "results/metrics/classification.h"
#include "results/metrics/midranks.h"

namespace mtlgrid {
namespace {

// For each patient twice the number of patients of the other class against which it is ranked correctly; a tie counts
// one.
struct Components {
  std::vector<std::int64_t> positive, negative;  // 2 n V10 and 2 m V01, in the patients' order

  double pairs() const { return static_cast<double>(positive.size()) * static_cast<double>(negative.size()); }
  // Exact: a sum of integers.
  double auroc() const {
    return static_cast<double>(std::accumulate(positive.begin(), positive.end(), std::int64_t{0})) / (2 * pairs());
  }
  // Why there is no variance; null where there is one.
  const char* variance_missing() const {
    if (positive.empty() || negative.empty()) return "one class only";
    if (positive.size() < 2) return "fewer than two positives";
    if (negative.size() < 2) return "fewer than two negatives";
    return nullptr;
  }
};

// A patient's midrank among all minus that in its class counts the other class below it, ties one half.
Components components(std::span<const int> label, std::span<const double> score) {
  auroc(label, score);  // checks both
  std::vector<double> positive, negative;
  for (std::size_t i = 0; i < label.size(); ++i) (label[i] == 1 ? positive : negative).push_back(score[i]);
  std::vector<double> all = positive;
  all.insert(all.end(), negative.begin(), negative.end());
  const std::vector<std::int64_t> ranks = twice_midranks(all);
  Components c{twice_midranks(positive), twice_midranks(negative)};
  const auto m = static_cast<std::int64_t>(positive.size());
  for (std::size_t i = 0; i < positive.size(); ++i) c.positive[i] = ranks[i] - c.positive[i];
  for (std::size_t j = 0; j < negative.size(); ++j) {
    c.negative[j] = 2 * m - (ranks[positive.size() + j] - c.negative[j]);
  }
  return c;
}

// Sample variance of `values` / `divisor`, over their number. Deviations are integers before they are squared.
double variance_of_mean(const std::vector<std::int64_t>& values, double divisor) {
  const auto k = static_cast<std::int64_t>(values.size());
  const std::int64_t sum = std::accumulate(values.begin(), values.end(), std::int64_t{0});
  double squares = 0;
  for (std::int64_t v : values) squares += std::pow(static_cast<double>(k * v - sum), 2);
  const auto count = static_cast<double>(k);
  return squares / (count * count * divisor * divisor) / (count - 1) / count;
}

double variance(const Components& c) {
  return variance_of_mean(c.positive, 2 * static_cast<double>(c.negative.size())) +
         variance_of_mean(c.negative, 2 * static_cast<double>(c.positive.size()));
}

}  // namespace

DelongInterval delong_interval(std::span<const int> label, std::span<const double> score, double confidence) {
  if (!(confidence > 0 && confidence < 1)) throw std::invalid_argument("delong_interval: confidence outside (0, 1)");
  const Components c = components(label, score);
  DelongInterval out;
  if (!c.positive.empty() && !c.negative.empty()) out.auroc = c.auroc();
  if (const char* missing = c.variance_missing()) {
    out.reason = missing;
    return out;
  }
  out.variance = variance(c);
  if (out.variance == 0) {
    out.reason = "zero variance";
    return out;
  }
  const double half = boost::math::quantile(boost::math::normal(), (1 + confidence) / 2) * std::sqrt(out.variance);
  out.ci_low = std::max(0.0, out.auroc - half);
  out.ci_high = std::min(1.0, out.auroc + half);
  return out;
}

DelongTest delong_test(std::span<const int> label, std::span<const double> a, std::span<const double> b) {
  Components difference = components(label, a);
  const Components subtracted = components(label, b);
  std::transform(difference.positive.begin(), difference.positive.end(), subtracted.positive.begin(),
                 difference.positive.begin(), std::minus<>());
  std::transform(difference.negative.begin(), difference.negative.end(), subtracted.negative.begin(),
                 difference.negative.begin(), std::minus<>());
  DelongTest out;
  if (const char* missing = difference.variance_missing()) {
    out.reason = missing;
    return out;
  }
  out.difference = difference.auroc();
  out.variance = variance(difference);
  if (out.variance > 0) {
    out.p = std::erfc(std::abs(out.difference) / std::sqrt(2 * out.variance));
  } else if (out.difference == 0) {
    out.p = 1;
  } else {
    out.reason = "zero variance";
  }
  return out;
}

}  // namespace mtlgrid

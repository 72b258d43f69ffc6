#include "results/comparisons/best_of.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <tuple>
#include <vector>

#include "base/errors.h"
#include "results/comparisons/comparison_checks.h"
#include "results/metrics/quantile.h"

namespace mtlgrid {
namespace {

struct Chosen {
  double in_bag = 0, out_of_bag = 0;
};

// The best in bag with its mean value out of bag; nothing where one of the numbers is undefined.
std::optional<Chosen> choose(std::span<const double> in_bag, std::span<const double> out_of_bag, Better better) {
  if (std::any_of(in_bag.begin(), in_bag.end(), [](double v) { return std::isnan(v); })) return std::nullopt;
  const auto [low, high] = std::minmax_element(in_bag.begin(), in_bag.end());
  const double best = better == Better::higher ? *high : *low;
  double sum = 0, tied = 0;
  for (std::size_t j = 0; j < in_bag.size(); ++j) {
    if (in_bag[j] != best) continue;
    sum += out_of_bag[j];
    ++tied;
  }
  if (std::isnan(sum)) return std::nullopt;
  return Chosen{best, sum / tied};
}

void require_no_infinity(std::span<const double> values) {
  if (std::any_of(values.begin(), values.end(), [](double v) { return std::isinf(v); })) {
    throw Error(ErrorKind::fatal, "best_of: a replicate's value is infinite");
  }
}

}  // namespace

BestOf best_of(std::span<const double> in_bag, std::span<const double> out_of_bag, std::size_t methods, Better better,
               double confidence) {
  require_between_0_and_1(confidence, "best_of: confidence");
  require_argument(better != Better::neither, "best_of: neither higher nor lower values are better");
  require_argument(in_bag.size() == out_of_bag.size(), "best_of: in-bag and out-of-bag values differ in number");
  const std::size_t replicates = rows_of(in_bag, methods, "best_of");
  require_no_infinity(in_bag);
  require_no_infinity(out_of_bag);
  BestOf out;
  std::vector<double> values;
  double loss = 0;
  for (std::size_t k = 0; k < replicates; ++k) {
    const auto chosen = choose(in_bag.subspan(k * methods, methods), out_of_bag.subspan(k * methods, methods), better);
    if (!chosen) continue;
    values.push_back(chosen->out_of_bag);
    loss += chosen->in_bag - chosen->out_of_bag;
  }
  out.used = std::ssize(values);
  if (values.empty()) {
    out.reason = "no replicate in which every method is defined";
    return out;
  }
  const auto count = static_cast<double>(values.size());
  out.corrected = std::accumulate(values.begin(), values.end(), 0.0) / count;
  out.optimism = (better == Better::higher ? loss : -loss) / count;
  std::sort(values.begin(), values.end());
  std::tie(out.ci_low, out.ci_high) = percentile_interval(values, confidence);
  return out;
}

}  // namespace mtlgrid

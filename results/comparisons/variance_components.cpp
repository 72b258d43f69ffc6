#include "results/comparisons/variance_components.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <vector>

#include "results/comparisons/comparison_checks.h"

namespace mtlgrid {
namespace {

// Means of values [method][fold][repeat] and the mean over what remains.
struct Table {
  std::span<const double> values;
  std::array<std::size_t, 3> size;  // methods, folds, repeats
  double mean = 0;

  double at(std::size_t m, std::size_t f, std::size_t r) const { return values[(m * size[1] + f) * size[2] + r]; }
  std::size_t index(int axis, std::size_t m, std::size_t f, std::size_t r) const {
    return axis == 0 ? m : axis == 1 ? f : axis == 2 ? r : f * size[2] + r;
  }
};

constexpr int kFoldOfRepeat = 3;  // the axis of pairs (fold, repeat)

// Means along an axis (0, 1, 2 or kFoldOfRepeat) over the other axes.
std::vector<double> means(const Table& table, int axis) {
  const auto [a, b, c] = table.size;
  const std::size_t levels = axis == kFoldOfRepeat ? b * c : table.size[static_cast<std::size_t>(axis)];
  std::vector<double> mean(levels, 0.0);
  for (std::size_t m = 0; m < a; ++m) {
    for (std::size_t f = 0; f < b; ++f) {
      for (std::size_t r = 0; r < c; ++r) mean[table.index(axis, m, f, r)] += table.at(m, f, r);
    }
  }
  const std::size_t averaged = table.values.size() / levels;
  for (double& v : mean) v /= static_cast<double>(averaged);
  return mean;
}

// The sum over all values of the square of (a level's mean - what a model without the level expects of it).
template <typename Deviation>
double sum_of_squares(const Table& table, Deviation&& deviation) {
  const auto [a, b, c] = table.size;
  double sum = 0;
  for (std::size_t m = 0; m < a; ++m) {
    for (std::size_t f = 0; f < b; ++f) {
      for (std::size_t r = 0; r < c; ++r) {
        const double d = deviation(m, f, r);
        sum += d * d;
      }
    }
  }
  return sum;
}

VarianceComponent component(std::size_t degrees, double squares) {
  VarianceComponent out;
  out.degrees_of_freedom = static_cast<std::int64_t>(degrees);
  out.mean_square = squares / static_cast<double>(degrees);
  return out;
}

// `out` varies beyond `rest`, its expected mean square being that of `rest` + copies * variance.
void estimate(VarianceComponent& out, const VarianceComponent& rest, std::size_t copies) {
  const double raw = (out.mean_square - rest.mean_square) / static_cast<double>(copies);
  out.set_to_zero = raw < 0;
  out.variance = std::max(0.0, raw);
}

void crossed(const Table& table, VarianceComponents& out) {
  const auto [a, b, c] = table.size;
  const std::vector<double> method = means(table, 0), fold = means(table, 1), repeat = means(table, 2);
  const double mean = table.mean;
  out.method = component(a - 1, sum_of_squares(table, [&](auto m, auto, auto) { return method[m] - mean; }));
  out.fold = component(b - 1, sum_of_squares(table, [&](auto, auto f, auto) { return fold[f] - mean; }));
  out.repeat = component(c - 1, sum_of_squares(table, [&](auto, auto, auto r) { return repeat[r] - mean; }));
  out.residual = component(a * b * c - a - b - c + 2, sum_of_squares(table, [&](auto m, auto f, auto r) {
                             return table.at(m, f, r) - method[m] - fold[f] - repeat[r] + 2 * mean;
                           }));
  estimate(out.method, out.residual, b * c);
  estimate(out.fold, out.residual, a * c);
  estimate(out.repeat, out.residual, a * b);
}

void nested(const Table& table, VarianceComponents& out) {
  const auto [a, b, c] = table.size;
  const std::vector<double> method = means(table, 0), repeat = means(table, 2), fold = means(table, kFoldOfRepeat);
  const double mean = table.mean;
  const auto of = [&](std::size_t f, std::size_t r) { return fold[table.index(kFoldOfRepeat, 0, f, r)]; };
  out.method = component(a - 1, sum_of_squares(table, [&](auto m, auto, auto) { return method[m] - mean; }));
  out.fold = component(c * (b - 1), sum_of_squares(table, [&](auto, auto f, auto r) { return of(f, r) - repeat[r]; }));
  out.repeat = component(c - 1, sum_of_squares(table, [&](auto, auto, auto r) { return repeat[r] - mean; }));
  out.residual = component((a - 1) * (b * c - 1), sum_of_squares(table, [&](auto m, auto f, auto r) {
                             return table.at(m, f, r) - method[m] - of(f, r) + mean;
                           }));
  estimate(out.method, out.residual, b * c);
  estimate(out.fold, out.residual, a);
  estimate(out.repeat, out.fold, a * b);
}

}  // namespace

VarianceComponents variance_components(std::span<const double> values, std::size_t methods, std::size_t folds,
                                       std::size_t repeats, FoldDesign design) {
  require_argument(values.size() == methods * folds * repeats, "variance components: values missing or in excess");
  require_numbers(values, "value");
  VarianceComponents out;
  if (methods < 2) out.reason = "fewer than two methods";
  if (folds < 2) out.reason = "fewer than two folds";
  if (repeats < 2) out.reason = "fewer than two repeats";
  if (!out.reason.empty()) return out;
  out.mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  const Table table{values, {methods, folds, repeats}, out.mean};
  design == FoldDesign::crossed ? crossed(table, out) : nested(table, out);
  out.residual.variance = out.residual.mean_square;
  return out;
}

}  // namespace mtlgrid

// What bootstrap CIs cost, beside scikit-learn's: see bench_bootstrap.py.
//   bootstrap [RESAMPLES]   resamples of AUROC and AUPRC of 600 patients (default 10000), and all metrics of a cell
// prints `NAME<TAB>MILLISECONDS`, each the median of several runs.
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "results/metrics/bootstrap.h"
#include "results/metrics/classification.h"
#include "results/metrics/quantile.h"

namespace mtlgrid {
namespace {

const RandomStream kStream(1337, "bench/bootstrap");

std::vector<Prediction> patients(std::size_t n) {
  std::vector<Prediction> out;
  for (std::size_t i = 0; i < n; ++i) {
    Prediction p{"test", fmt::format("P{}", i), i % 3 == 0};
    p.log_odds = (p.label ? 1.0 : -1.0) + 4 * kStream.uniform_double(2 * i) - 2;
    p.score = 1 / (1 + std::exp(-p.log_odds));
    p.target = kStream.uniform_double(2 * i + 1);
    p.prediction = 0.5 * p.target + 0.1 * p.log_odds;
    out.push_back(p);
  }
  return out;
}

std::vector<std::vector<float>> embeddings(std::size_t n, std::size_t width) {
  std::vector<std::vector<float>> out(n, std::vector<float>(width));
  for (std::size_t i = 0; i < n * width; ++i) out[i / width][i % width] = kStream.uniform_float(i);
  return out;
}

double milliseconds(const std::function<void()>& run) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> times;
  for (int i = 0; i < 7; ++i) {
    const auto start = Clock::now();
    run();
    times.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

void line(const std::string& name, double value) {
  fmt::print("{}\t{:.2f}\n", name, value);
  std::fflush(stdout);
}

// From scores to both intervals: preparing, drawing, both metrics of every resample, sorting.
void both_intervals(std::span<const int> label, std::span<const double> score, int resamples) {
  const ResampledMetric auroc = resampled_auroc(label, score), auprc = resampled_average_precision(label, score);
  std::vector<int> multiplicity(label.size());
  std::vector<double> areas, precisions;
  for (int draw = 0; draw < resamples; ++draw) {
    draw_multiplicities(kStream, static_cast<std::uint64_t>(draw), multiplicity);
    areas.push_back(auroc(multiplicity).value);
    precisions.push_back(auprc(multiplicity).value);
  }
  for (auto* values : {&areas, &precisions}) {
    std::sort(values->begin(), values->end());
    if (!(quantile(*values, 0.025) <= quantile(*values, 0.975))) throw std::runtime_error("an interval is empty");
  }
}

void run(int resamples) {
  constexpr std::size_t kPatients = 600;
  std::vector<int> label;
  std::vector<double> score;
  for (const Prediction& p : patients(kPatients)) {
    label.push_back(p.label);
    score.push_back(p.score);
  }
  line(fmt::format("AUROC and AUPRC, {} patients, {} resamples", kPatients, resamples),
       milliseconds([&] { both_intervals(label, score, resamples); }));
  std::vector<int> multiplicity(kPatients);
  line("  of which drawing", milliseconds([&] {
         for (int d = 0; d < resamples; ++d) draw_multiplicities(kStream, static_cast<std::uint64_t>(d), multiplicity);
       }));
  for (const std::size_t size : {std::size_t{150}, kPatients}) {
    const auto predictions = patients(size);
    const auto tokens = embeddings(size, 384);
    line(fmt::format("all metrics of a cell but silhouette, {} patients, 1000 resamples", size),
         milliseconds([&] { cell_metrics("test", predictions, {}, {}, kStream); }));
    line(fmt::format("all metrics of a cell, {} patients, 1000 resamples", size),
         milliseconds([&] { cell_metrics("test", predictions, tokens, {}, kStream); }));
  }
}

}  // namespace
}  // namespace mtlgrid

int main(int argc, char** argv) {
  try {
    const int resamples = argc > 1 ? std::atoi(argv[1]) : 10000;
    if (resamples < 1) throw std::runtime_error("usage: bootstrap [RESAMPLES]");
    mtlgrid::run(resamples);
    return 0;
  } catch (const std::exception& e) {
    fmt::print(stderr, "bootstrap: {}\n", e.what());
    return 2;
  }
}

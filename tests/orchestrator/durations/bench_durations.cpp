// How long expected durations take to be fitted, by the number of pairs: seconds, and the ratio to the yardstick, which
// is what twice as many pairs cost more. 2 is linear, 8 the cube.
#include <fmt/format.h>

#include <chrono>
#include <random>

#include "orchestrator/durations/log_effects.h"

namespace mtlgrid {
namespace {

constexpr int kMethods = 17, kFolds = 5;

// Seconds of a fit after two cells of each pair's folds were measured. `nested`: the model knows that folds are a
// pair's.
double seconds_of_fit(int pairs, bool nested) {
  LogEffects effects({{1, 0.5}, {kMethods, 0.2}, {pairs, 0.2}, {pairs * kFolds, 0.35, nested}}, 0.25);
  std::mt19937 random(1);
  std::normal_distribution<double> normal(0, 0.3);
  for (int i = 0; i < 2 * pairs * kFolds; ++i) {
    const int pair = i / (2 * kFolds), fold = i % kFolds;
    effects.add({0, static_cast<int>(random() % kMethods), pair, pair * kFolds + fold}, normal(random));
  }
  const auto began = std::chrono::steady_clock::now();
  effects.noise();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

void table(const char* title, bool nested, int most) {
  fmt::print("{}\n{:>8} {:>10} {:>16}\n", title, "pairs", "seconds", "of half as many");
  double half = 0;
  for (int pairs = 125; pairs <= most; pairs *= 2) {
    const double seconds = seconds_of_fit(pairs, nested);
    fmt::print("{:>8} {:>10.4f} {:>16}\n", pairs, seconds, half > 0 ? fmt::format("{:.1f}", seconds / half) : "");
    std::fflush(stdout);
    half = seconds;
  }
}

}  // namespace
}  // namespace mtlgrid

int main() {
  mtlgrid::table("folds nested in pairs", true, 4000);
  mtlgrid::table("yardstick: pairs among the common columns", false, 500);
}

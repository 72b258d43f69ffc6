// Replicates of whole tables: one multiplicity per patient and replicate, shared by every cell. Also the p-values and
// stars that tables derive from them.
//
// A replicate draws the cohort's patients with replacement, as many as there are; the trained models stay as they are.
// Every cell's metric is computed again on its own patients with their multiplicities, and the table's mean of them is
// taken. Differences between methods are therefore taken on the same patients.
//
// A replicate in which one of the patient sets that the means run over (a held-out fold of a pair, an external cohort)
// has one class only, or fewer than three patients, is drawn again and counted: some of its cells would be undefined,
// and a mean over the others would be the mean of something else. The folds of a pair partition the patients, so the
// draws in one fold hardly depend on those in another; requiring the condition of all folds at once gives each fold the
// same distribution as requiring it of that fold alone, which is the rule for a cell's own CI.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/random.h"

namespace mtlgrid {

// Patients over which one metric is computed, as indices into the cohort's patients.
struct PatientSet {
  std::vector<std::size_t> patient;
  std::vector<int> label;  // 0 and 1
  auto operator<=>(const PatientSet&) const = default;
};

struct Replicates {
  std::vector<std::vector<int>> multiplicity;  // [replicate][patient]
  std::int64_t redrawn = 0;
};

// `count` replicates of `patients` patients: draws 0, 1, ... of `stream` (draw_multiplicities) without those in which a
// set is unusable. Gives up after 100 times `count` draws and then returns fewer. Sets that are unusable even with
// every patient drawn once are ignored.
Replicates draw_replicates(std::size_t patients, std::span<const PatientSet> sets, int count,
                           const RandomStream& stream);

// Two-sided bootstrap p-value that the differences' centre is 0: 2 min(#{d <= 0} + 1, #{d >= 0} + 1) / (R + 1), at most
// 1 (Davison and Hinkley 1997, 4.2, for the + 1). Never below 2 / (R + 1).
double bootstrap_p_value(std::span<const double> differences);

// Holm's step-down adjustment (1979) of `p` in a family of `tests`. NaN in `p` is a test that could not be made: it
// stays NaN and counts as p = 1, as do tests that are not in `p`. std::invalid_argument if `p` has more numbers than
// `tests`.
std::vector<double> holm(std::span<const double> p, std::size_t tests);

// 1 for p < 0.05, 2 for p < 0.01, 3 for p < 0.001, otherwise, also for NaN, 0. kStarLevels says so in captions.
int stars_of(double p);
inline constexpr const char* kStarLevels = "∗ p < 0.05, ∗∗ p < 0.01, ∗∗∗ p < 0.001.";

}  // namespace mtlgrid

// DeLong's variance of an AUROC, its confidence interval, and the test of two AUROCs on the same patients.
//
// DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988), by midranks in O(n log n) (Sun and Xu, IEEE Signal
// Processing Letters 21, 2014). With m positives X and n negatives Y, the structural components are V10(i), the share
// of negatives below X_i, and V01(j), the share of positives above Y_j, ties one half; with their sample variances S10
// and S01 (divisors m - 1 and n - 1) the variance of the AUROC is S10 / m + S01 / n. For a difference of two AUROCs the
// components are the differences of components. They are kept as integers, so that a variance of 0 is
// computed as exactly 0.
#pragma once

#include <span>
#include <string>

#include "results/records/records.h"

namespace mtlgrid {

// Arguments and errors as auroc() (classification.h); lengths that differ are std::invalid_argument.

// An AUROC with its variance and interval.
struct DelongInterval {
  double auroc = kMissing, variance = kMissing, ci_low = kMissing, ci_high = kMissing;
  std::string reason;  // why some of them are missing; empty where all four are numbers
};
// The interval is AUROC -+ z sqrt(variance), clipped to [0, 1]. With one class only there is no number at all, with
// fewer than two patients of a class the AUROC alone. With zero variance (classes perfectly separated, all scores
// equal) there is no interval, since a point would claim certainty.
DelongInterval delong_interval(std::span<const int> label, std::span<const double> score, double confidence);

// The AUROC of `a` minus that of `b`, and the two-sided p of z = difference / sqrt(variance).
struct DelongTest {
  double difference = kMissing, variance = kMissing, p = kMissing;
  std::string reason;  // why there is no p; empty where there is one
};
// Scores that rank the patients alike give difference 0, variance 0 and p 1. Zero variance with another difference (`a`
// separates the classes and every score of `b` is the same) gives no p; nor do one class only, or fewer than two
// patients of a class.
DelongTest delong_test(std::span<const int> label, std::span<const double> a, std::span<const double> b);

}  // namespace mtlgrid

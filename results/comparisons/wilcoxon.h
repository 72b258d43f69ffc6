// Wilcoxon's signed-rank test of paired differences: whether they are symmetric about 0.
//
// Wilcoxon 1945. Zeros are removed, the magnitudes of the n others ranked, ties by midranks; R+ and R- are the sums of
// the ranks of positive and negative differences. Which distribution of R+ gives p follows scipy 1.17.1,
// scipy.stats.wilcoxon(zero_method="wilcox", correction=False, method="auto"), N counting zeros too:
//   no zeros, no ties, N <= 50     exact: every assignment of signs equally probable
//   zeros or ties, N <= 13         exact given the midranks (there: all 2^N assignments, one by one)
//   otherwise                      normal: mean n (n + 1) / 4, variance (n (n + 1)(2 n + 1) - sum(t^3 - t) / 2) / 24
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "results/records/records.h"

namespace mtlgrid {

struct Wilcoxon {
  std::int64_t used = 0;  // differences that are not 0
  double rank_sum_positive = kMissing, rank_sum_negative = kMissing;
  bool exact = false;   // whether p is of the exact distribution
  double p = kMissing;  // two-sided: twice the smaller of P(R+ <= observed) and P(R+ >= observed), at most 1
  std::string reason;   // why there is no p; empty where there is one
};

// `differences` [N]. Two are tied where their magnitudes are equal to the last bit, zero is exactly 0: rounding that
// must not count as a difference is the caller's to remove. No test without a difference other than 0 (departure: by N,
// scipy gives an error, p = 1 or NaN there). Error(fatal) for a difference that is not finite. O(N^3) time for the
// exact distribution.
Wilcoxon wilcoxon_signed_rank(std::span<const double> differences);

}  // namespace mtlgrid

// Comparison of several methods over blocks (folds, data sets, cohorts) by ranks: Friedman's test, that of Iman and
// Davenport, Nemenyi's pairwise comparisons, and the groups of a critical-difference diagram.
//
// Demsar, JMLR 7 (2006), section 3.2. In each of N blocks the k methods get the ranks 1 (best) to k, ties their mean;
// R_j is a method's average rank. Blocks are taken as independent: folds of one cross-validation share training
// patients, so p-values over folds are too small; over independent cohorts they are not.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "results/metrics/registry.h"

namespace mtlgrid {

// `values` is [block][method] in all functions, `methods` numbers a row. Errors of all: Error(fatal) for a value that
// is not finite; std::invalid_argument for values that do not fill whole rows, for Better::neither, and for more than
// 1e4 blocks or 1e3 methods (sums of squared ranks are exact in 64 bits).

// R_j of each method, [methods]; 1 is best. No blocks: std::invalid_argument.
std::vector<double> average_ranks(std::span<const double> values, std::size_t methods, Better better);

struct FriedmanTest {
  // 12 N / (k (k + 1)) (sum R_j^2 - k (k + 1)^2 / 4), over 1 - sum(t^3 - t) / (N k (k^2 - 1)).
  double chi_square = kMissing;
  double chi_square_p = kMissing;  // chi-square of k - 1 degrees of freedom
  double f = kMissing;             // (N - 1) chi^2 / (N (k - 1) - chi^2); infinite where every block ranks alike
  double f_p = kMissing;           // F of k - 1 and (k - 1)(N - 1) degrees of freedom; the less conservative of the two
  std::string reason;              // why there is no test; empty where all four are numbers
};
// t: the sizes of the groups of tied methods in a block. No test for fewer than three methods, fewer than two blocks,
// or ties of all methods in every block. The direction does not matter.
FriedmanTest friedman_test(std::span<const double> values, std::size_t methods);

// Nemenyi's critical difference of average ranks, q_alpha(k, infinity) / sqrt(2) sqrt(k (k + 1) / (6 N)): pairs that
// differ by more do so at the level `alpha`, over all pairs. std::invalid_argument for fewer than two methods, no
// blocks, or alpha outside (0, 1).
double nemenyi_critical_difference(std::size_t methods, std::size_t blocks, double alpha);

// Nemenyi's p of each pair, [method][method], symmetric with 1 on the diagonal: the probability that the studentised
// range of k numbers exceeds sqrt(2) abs(R_i - R_j) / sqrt(k (k + 1) / (6 N)). It is already corrected for all pairs.
// Errors as above.
std::vector<double> nemenyi_p_values(std::span<const double> average_ranks, std::size_t blocks);

// The lines of a critical-difference diagram: maximal groups of at least two methods, no two of which differ by more
// than `critical_difference`. A group lists methods by rank, best first; groups are ordered by their best. A method in
// no group differs from every other. Methods of one rank keep their order.
std::vector<std::vector<std::size_t>> cliques(std::span<const double> average_ranks, double critical_difference);

}  // namespace mtlgrid

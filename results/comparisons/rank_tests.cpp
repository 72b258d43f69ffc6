#include "results/comparisons/rank_tests.h"

#include <algorithm>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/fisher_f.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <numeric>

#include "results/comparisons/comparison_checks.h"
#include "results/comparisons/studentized_range.h"
#include "results/metrics/midranks.h"

namespace mtlgrid {
namespace {

struct RankSums {
  std::size_t blocks = 0;
  std::vector<std::int64_t> twice;  // [methods]: twice the sum of a method's ranks, 1 the smallest value
  std::int64_t ties = 0;            // sum of t^3 - t over the groups of tied methods of all blocks
};

RankSums rank_sums(std::span<const double> values, std::size_t methods) {
  RankSums out;
  out.blocks = rows_of(values, methods, "ranks");
  require_argument(out.blocks <= 10'000 && methods <= 1'000, "ranks: more than 1e4 blocks or 1e3 methods");
  require_numbers(values, "value");
  out.twice.assign(methods, 0);
  for (std::size_t block = 0; block < out.blocks; ++block) {
    const std::vector<std::int64_t> ranks = twice_midranks(values.subspan(block * methods, methods));
    std::map<std::int64_t, std::int64_t> group;
    for (std::size_t j = 0; j < methods; ++j) {
      out.twice[j] += ranks[j];
      ++group[ranks[j]];
    }
    for (const auto& [rank, t] : group) out.ties += t * t * t - t;
  }
  return out;
}

// The standard error of a difference of average ranks.
double rank_difference_error(std::size_t methods, std::size_t blocks) {
  require_argument(methods >= 2 && blocks >= 1, "Nemenyi: fewer than two methods, or no blocks");
  const auto k = static_cast<double>(methods);
  return std::sqrt(k * (k + 1) / (6 * static_cast<double>(blocks)));
}

}  // namespace

std::vector<double> average_ranks(std::span<const double> values, std::size_t methods, Better better) {
  require_argument(better != Better::neither, "average_ranks: neither higher nor lower values are better");
  const RankSums sums = rank_sums(values, methods);
  require_argument(sums.blocks > 0, "average_ranks: no blocks");
  std::vector<double> ranks(methods);
  for (std::size_t j = 0; j < methods; ++j) {
    const double from_smallest = static_cast<double>(sums.twice[j]) / (2 * static_cast<double>(sums.blocks));
    ranks[j] = better == Better::lower ? from_smallest : static_cast<double>(methods + 1) - from_smallest;
  }
  return ranks;
}

// In integers: with S the sum of squares of (twice rank sum - N (k + 1)) and D = N k (k^2 - 1) - ties, chi^2 is
// 3 S (k - 1) / D and Iman and Davenport's F is (N - 1) 3 S / (N D - 3 S). 3 S and N D are at most N^2 k^3, here 1e17.
FriedmanTest friedman_test(std::span<const double> values, std::size_t methods) {
  const RankSums sums = rank_sums(values, methods);
  FriedmanTest out;
  const auto k = static_cast<std::int64_t>(methods), blocks = static_cast<std::int64_t>(sums.blocks);
  if (k < 3) out.reason = "fewer than three methods";
  if (blocks < 2) out.reason = "fewer than two blocks";
  if (!out.reason.empty()) return out;
  const std::int64_t untied = blocks * k * (k * k - 1) - sums.ties;
  if (untied == 0) {
    out.reason = "all methods tied in every block";
    return out;
  }
  std::int64_t squares = 0;
  for (const std::int64_t twice : sums.twice) squares += (twice - blocks * (k + 1)) * (twice - blocks * (k + 1));
  const auto degrees = static_cast<double>(k - 1), others = static_cast<double>(blocks - 1);
  out.chi_square = 3 * static_cast<double>(squares) * degrees / static_cast<double>(untied);
  out.chi_square_p = cdf(complement(boost::math::chi_squared(degrees), out.chi_square));
  const std::int64_t disagreement = blocks * untied - 3 * squares;  // 0 where every block ranks alike
  if (disagreement == 0) {
    out.f = std::numeric_limits<double>::infinity();
    out.f_p = 0;
  } else {
    out.f = others * 3 * static_cast<double>(squares) / static_cast<double>(disagreement);
    out.f_p = cdf(complement(boost::math::fisher_f(degrees, degrees * others), out.f));
  }
  return out;
}

double nemenyi_critical_difference(std::size_t methods, std::size_t blocks, double alpha) {
  const double error = rank_difference_error(methods, blocks);
  return studentized_range_critical(alpha, static_cast<int>(methods)) / std::sqrt(2.0) * error;
}

std::vector<double> nemenyi_p_values(std::span<const double> average_ranks, std::size_t blocks) {
  require_numbers(average_ranks, "average rank");
  const std::size_t k = average_ranks.size();
  const double error = rank_difference_error(k, blocks);
  std::vector<double> p(k * k, 1.0);
  for (std::size_t i = 0; i < k; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const double q = std::sqrt(2.0) * std::abs(average_ranks[i] - average_ranks[j]) / error;
      p[i * k + j] = p[j * k + i] = studentized_range_survival(q, static_cast<int>(k));
    }
  }
  return p;
}

std::vector<std::vector<std::size_t>> cliques(std::span<const double> average_ranks, double critical_difference) {
  require_numbers(average_ranks, "average rank");
  require_argument(critical_difference >= 0, "cliques: the critical difference is negative or not a number");
  std::vector<std::size_t> order(average_ranks.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return average_ranks[a] < average_ranks[b]; });
  std::vector<std::vector<std::size_t>> groups;
  std::size_t reached = 0;  // methods before this position are in the last group or better ones
  for (std::size_t first = 0, last = 0; first < order.size(); ++first) {
    last = std::max(last, first + 1);
    while (last < order.size() && average_ranks[order[last]] - average_ranks[order[first]] <= critical_difference)
      ++last;
    if (last - first < 2 || last <= reached) continue;
    groups.emplace_back(order.begin() + static_cast<std::ptrdiff_t>(first),
                        order.begin() + static_cast<std::ptrdiff_t>(last));
    reached = last;
  }
  return groups;
}

}  // namespace mtlgrid

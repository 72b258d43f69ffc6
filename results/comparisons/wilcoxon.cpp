#include "results/comparisons/wilcoxon.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <vector>

#include "results/comparisons/comparison_checks.h"
#include "results/metrics/midranks.h"

namespace mtlgrid {
namespace {

constexpr std::size_t kExact = 50;  // scipy's limits, of differences with zeros
constexpr std::size_t kExactWithTies = 13;

struct SignedRanks {
  std::vector<std::int64_t> twice;  // twice the midrank of each magnitude other than 0
  std::int64_t twice_positive = 0;  // sum over positive differences
  std::int64_t ties = 0;            // sum of t^3 - t over groups of equal magnitudes
};

SignedRanks signed_ranks(std::span<const double> differences) {
  std::vector<double> magnitude;
  std::vector<bool> positive;
  for (const double d : differences) {
    if (d == 0) continue;
    magnitude.push_back(std::abs(d));
    positive.push_back(d > 0);
  }
  SignedRanks out{twice_midranks(magnitude)};
  std::map<std::int64_t, std::int64_t> group;
  for (std::size_t i = 0; i < out.twice.size(); ++i) {
    if (positive[i]) out.twice_positive += out.twice[i];
    ++group[out.twice[i]];
  }
  for (const auto& [rank, t] : group) out.ties += t * t * t - t;
  return out;
}

// Of all assignments of signs, the share with a rank sum at most (first) and at least (second) the observed one; the
// smaller of them. Counts are at most 2^50, exact in double.
double smaller_tail(const SignedRanks& ranks) {
  const auto total = static_cast<std::size_t>(std::accumulate(ranks.twice.begin(), ranks.twice.end(), std::int64_t{0}));
  const auto observed = static_cast<std::size_t>(ranks.twice_positive);
  std::vector<double> ways(total + 1, 0.0);  // [twice the rank sum]
  ways[0] = 1;
  std::size_t reachable = 0;
  for (const std::int64_t twice : ranks.twice) {
    const auto step = static_cast<std::size_t>(twice);
    reachable += step;
    for (std::size_t sum = reachable; sum >= step; --sum) ways[sum] += ways[sum - step];
  }
  const auto at = ways.begin() + static_cast<std::ptrdiff_t>(observed);
  const double low = std::accumulate(ways.begin(), at + 1, 0.0), high = std::accumulate(at, ways.end(), 0.0);
  return std::ldexp(std::min(low, high), -static_cast<int>(ranks.twice.size()));
}

double normal_p(const SignedRanks& ranks) {
  const auto n = static_cast<double>(ranks.twice.size());
  const double variance = (n * (n + 1) * (2 * n + 1) - static_cast<double>(ranks.ties) / 2) / 24;
  const double excess = static_cast<double>(ranks.twice_positive) / 2 - n * (n + 1) / 4;
  return std::erfc(std::abs(excess) / std::sqrt(2 * variance));
}

}  // namespace

Wilcoxon wilcoxon_signed_rank(std::span<const double> differences) {
  require_numbers(differences, "difference");
  const SignedRanks ranks = signed_ranks(differences);
  Wilcoxon out;
  out.used = std::ssize(ranks.twice);
  if (out.used == 0) {
    out.reason = differences.empty() ? "no differences" : "no difference other than 0";
    return out;
  }
  out.rank_sum_positive = static_cast<double>(ranks.twice_positive) / 2;
  out.rank_sum_negative = static_cast<double>(out.used * (out.used + 1)) / 2 - out.rank_sum_positive;
  const bool plain = ranks.ties == 0 && ranks.twice.size() == differences.size();
  out.exact = differences.size() <= (plain ? kExact : kExactWithTies);
  out.p = out.exact ? std::min(1.0, 2 * smaller_tail(ranks)) : normal_p(ranks);
  return out;
}

}  // namespace mtlgrid

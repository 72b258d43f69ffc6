#include "results/comparisons/false_claim.h"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/special_functions/beta.hpp>
#include <cmath>
#include <cstddef>

#include "results/comparisons/bayesian_t.h"
#include "results/comparisons/comparison_checks.h"
#include "results/metrics/metric_checks.h"

namespace mtlgrid {
namespace {

// P(only A <= only B) from the numbers of patients whom only A and only B classifies correctly.
double from_discordant(double only_a, double only_b) { return boost::math::ibeta(only_a + 1, only_b + 1, 0.5); }

}  // namespace

double false_claim_of_accuracy(double accuracy_a, double accuracy_b, double both_correct, std::int64_t n) {
  require_argument(n >= 1, "false claim: no patients");
  const auto patients = static_cast<double>(n);
  const double only_a = patients * (accuracy_a - both_correct), only_b = patients * (accuracy_b - both_correct);
  const double both = patients * both_correct, neither = patients - both - only_a - only_b;
  const double rounding = -1e-9 * patients;
  require_argument(only_a >= rounding && only_b >= rounding && both >= rounding && neither >= rounding,
                   "false claim: accuracies and the share that both classify correctly contradict each other");
  return from_discordant(std::max(0.0, only_a), std::max(0.0, only_b));
}

double false_claim_of_accuracy(std::span<const int> a_correct, std::span<const int> b_correct) {
  require_same_length(a_correct.size(), b_correct.size());
  require_argument(!a_correct.empty(), "false claim: no patients");
  require_labels(a_correct);
  require_labels(b_correct);
  double only_a = 0, only_b = 0;
  for (std::size_t i = 0; i < a_correct.size(); ++i) {
    only_a += a_correct[i] > b_correct[i];
    only_b += a_correct[i] < b_correct[i];
  }
  return from_discordant(only_a, only_b);
}

double false_claim_of_mean(const ScoreSummary& a, const ScoreSummary& b, double r, std::int64_t n) {
  require_numbers({{a.mean, a.standard_deviation, b.mean, b.standard_deviation, r}}, "false claim: number");
  require_argument(n >= 2, "false claim: fewer than two patients");
  require_argument(a.standard_deviation >= 0 && b.standard_deviation >= 0, "false claim: a negative deviation");
  require_argument(r >= -1 && r <= 1, "false claim: a correlation outside [-1, 1]");
  // As a sum of two terms that are not negative: the plain formula cancels where r is near 1.
  const double sd_a = a.standard_deviation, sd_b = b.standard_deviation;
  const double variance = (sd_a - sd_b) * (sd_a - sd_b) + 2 * sd_a * sd_b * (1 - r);
  const double lead = b.mean - a.mean;
  if (variance == 0) return lead > 0 ? 1 : lead < 0 ? 0 : 0.5;
  const boost::math::students_t student(static_cast<double>(n - 1));
  return cdf(student, std::sqrt(static_cast<double>(n)) * lead / std::sqrt(variance));
}

double false_claim_of_folds(std::span<const double> differences, double rho) {
  const BayesianT posterior = bayesian_t(differences, rho, 0);
  require_argument(posterior.reason.empty(), "false claim: " + posterior.reason);
  return posterior.worse;
}

}  // namespace mtlgrid

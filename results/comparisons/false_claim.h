// The probability that a claim of superiority is false: that, given what was observed, the method said to be better is
// not.
//
// Christodoulou et al., "False Promises in Medical Imaging AI? Assessing Validity of Outperformance Claims" (2025,
// arXiv 2505.04720): a posterior for two methods on the same n test patients, from accuracies or from means of a score
// per patient. Their test set is one held-out set and the trained models are fixed. For differences over the folds of
// repeated cross-validation, which they do not consider, the third function uses the correlated posterior of
// bayesian_t.h. A probability near 1/2 says that the observed order is chance; 0.05 is their threshold.
#pragma once

#include <cstdint>
#include <span>

namespace mtlgrid {

// Accuracies of the methods A (claimed to be better) and B on n patients, and the share that both classify correctly
// (`both_correct`, their congruence). With a uniform prior on the four outcomes of a patient, the probabilities that
// only A, only B, or neither alone is correct have the posterior Dirichlet(x_A + 1, x_B + 1, n - x_A - x_B + 2), where
// x = n (accuracy - both_correct). Their double integral P(only A <= only B) is the incomplete beta function
// I_1/2(x_A + 1, x_B + 1), because the ratio of two Dirichlet components to their sum is Beta: so patients on whom the
// methods agree do not matter. x need not be an integer (congruence may be estimated). std::invalid_argument for n < 1
// or shares that no table of four counts has, beyond rounding (1e-9 n).
double false_claim_of_accuracy(double accuracy_a, double accuracy_b, double both_correct, std::int64_t n);

// The same from each patient's outcome, 1 where a method is correct, otherwise 0; [n] each, n >= 1.
double false_claim_of_accuracy(std::span<const int> a_correct, std::span<const int> b_correct);

// A method's mean and standard deviation (divisor n - 1) of a score per patient; higher is better.
struct ScoreSummary {
  double mean = 0, standard_deviation = 0;
};
// P(mu_A <= mu_B) for the means over n >= 2 patients: Student's t with n - 1 degrees of freedom at
// sqrt(n) (mean_B - mean_A) / sqrt(s_A^2 + s_B^2 - 2 s_A s_B r), r the correlation of the two scores over patients.
// With a divisor of 0 (scores that differ by a constant) 0, 1, or 1/2 for equal means. std::invalid_argument for n < 2,
// a negative deviation or r outside [-1, 1].
double false_claim_of_mean(const ScoreSummary& a, const ScoreSummary& b, double r, std::int64_t n);

// P(mu <= 0) of the mean difference A - B over J >= 2 folds of (repeated) cross-validation: `worse` of
// bayesian_t(differences, rho, 0). Ours, not the paper's. Errors as there; fewer than two differences are
// std::invalid_argument.
double false_claim_of_folds(std::span<const double> differences, double rho);

}  // namespace mtlgrid

// The Bayesian correlated t test: with which probability one method is worse, practically equivalent or better.
//
// Corani and Benavoli, Machine Learning 100 (2015); Benavoli et al., JMLR 18 (2017). Differences
// d_1 ... d_J are normal with mean mu, unknown variance and equal correlation rho; with the matching prior mu has the
// posterior of Student's t with J - 1 degrees of freedom, centre mean(d), scale sqrt((1 / J + rho / (1 - rho)) s^2).
// rho = n_test / (n_test + n_train), 1 / k for k-fold cross-validation, also repeated.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "results/records/records.h"

namespace mtlgrid {

struct BayesianT {
  double mean = kMissing, scale = kMissing;  // of the posterior, in the units of the differences
  std::int64_t degrees_of_freedom = 0;
  double worse = kMissing;       // P(mu < -rope)
  double equivalent = kMissing;  // P(-rope <= mu <= rope); 0 for rope = 0
  double better = kMissing;      // P(mu > rope); the three add up to 1
  std::string reason;            // why there is no posterior; empty where there is one
};

// `differences` [J], the method minus the one that it is compared with, signed so that higher is better. `rope` >= 0 is
// half the width of the region of practical equivalence, in the same units. Equal differences (sample_moments.h) have
// a posterior of one point, as in baycomp: the region that contains it has probability 1; at rope = 0 a mean of 0 is
// one half each. Fewer than two differences have no posterior. Departure from baycomp: `better` is computed as a tail
// of its own, not as 1 minus the rest, so small ones keep their digits. Errors: Error(fatal) for a difference that is
// not finite, std::invalid_argument for rho outside (0, 1) or a rope that is negative or not finite.
BayesianT bayesian_t(std::span<const double> differences, double rho, double rope);

}  // namespace mtlgrid

// A sum of effects on a logarithm, each shrunk towards 0: by which factor cells take longer than
// guessed, by method, by pair and by fold.
//
// The model. Observation i has one level of every factor, and
//   y_i = sum over factors f of b[f][level of i in f] + e_i,   b[f][l] ~ N(0, spread_f^2),   e_i ~ N(0, noise^2).
// Given the noise, the effects' mean and covariance are those of ridge regression,
//   C = (X'X / noise^2 + diag(1 / spread^2))^-1,   b = C X'y / noise^2,
// and the noise follows from its guess by expectation maximisation; the guess counts as kGuessWeight observations:
//   noise^2 = (kGuessWeight guess^2 + |y - X b|^2 + tr(X'X C)) / (kGuessWeight + n).
// An observation has one level of the last factor, so those columns' part of X'X is diagonal and is eliminated first.
// Observations are kept as counts and as sums in whole multiples of 2^-30, so results do not depend on their order, to
// the bit.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace mtlgrid {

class LogEffects {
 public:
  struct Factor {
    int levels;
    double spread;  // standard deviation of its effects before any observation
  };
  // At least two factors; the last one may have many levels. `noise`: the guess of the standard deviation of one
  // observation about its levels' effects.
  LogEffects(std::vector<Factor> factors, double noise);

  // One level of every factor, in their order.
  using Levels = std::vector<int>;
  // Cost: the square of the number of factors. `y` is clamped to [-64, 64].
  void add(const Levels& levels, double y);
  std::int64_t observations() const { return n_; }

  // Mean and variance of the next observation with these levels. Refits first if something was added: cubic in the
  // number of levels of all factors but the last, linear in that one's. Not thread safe.
  double mean(const Levels& levels) const;
  double variance(const Levels& levels) const;  // of the effects and of the noise
  double noise() const;                         // standard deviation

  // Effects drawn from their distribution: sum() over them is a draw of an observation without noise. `normal` returns
  // independent standard normal numbers.
  std::vector<double> draw(const std::function<double()>& normal) const;
  double sum(const std::vector<double>& effects, const Levels& levels) const;

 private:
  std::size_t column(std::size_t factor, int level) const;
  void fit() const;
  void solve() const;       // effects and covariance, given the noise
  double residual() const;  // |y - X b|^2 + tr(X'X C)
  double shrinkage(std::size_t column) const;

  std::vector<Factor> factors_;
  std::vector<std::size_t> first_;  // of each factor, its first column
  std::size_t p_ = 0, q_ = 0;       // columns; those of all factors but the last come first
  double guess_;
  std::int64_t n_ = 0;
  std::vector<std::int64_t> counts_;  // [p, q], X'X but for the last factor's own part
  std::vector<std::int64_t> own_;     // [p - q], that part's diagonal
  std::vector<std::int64_t> sums_;    // [p], X'y in 2^-30
  double squares_ = 0;                // y'y; whole numbers of 2^-30, so exact below 2^23
  mutable bool stale_ = true;
  mutable double variance_ = 0;             // noise^2
  mutable std::vector<double> effects_;     // [p]
  mutable std::vector<double> covariance_;  // [p, q], of C
  // What remains of the effects of the last factor given C's first q columns: independent of each other.
  mutable std::vector<double> own_variance_;    // [p - q]: given the others; 1 / diagonal of C^-1
  mutable std::vector<double> own_covariance_;  // [p - q], diagonal of C
  mutable std::vector<double> chol_;            // [q, q], lower triangle of the others' own C^-1's Cholesky factor
};

}  // namespace mtlgrid

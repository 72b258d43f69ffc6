// A sum of effects on a logarithm, each shrunk towards 0: by which factor cells take longer than
// guessed, by method, by pair and by fold.
//
// The model. Observation i has one level of every factor, and
//   y_i = sum over factors f of b[f][level of i in f] + e_i,   b[f][l] ~ N(0, spread_f^2),   e_i ~ N(0, noise^2).
// Given the noise, the effects' mean and covariance are those of ridge regression,
//   C = (X'X / noise^2 + diag(1 / spread^2))^-1,   b = C X'y / noise^2,
// and the noise follows from its guess by expectation maximisation; the guess counts as kGuessWeight observations:
//   noise^2 = (kGuessWeight guess^2 + |y - X b|^2 + tr(X'X C)) / (kGuessWeight + n).
// An observation has one level of the last factor, so those columns' part of X'X is diagonal and is eliminated first. A
// last factor that is nested in the one before it (a pair's folds in the pairs) leaves that one's part diagonal too,
// which is then eliminated in the same way: the cost is linear in the number of pairs.
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
    double spread;        // standard deviation of its effects before any observation
    bool nested = false;  // of the last one: each of its levels occurs with one level of the factor before only
  };
  // At least two factors, three if the last is nested; the last, or the last two, may have many levels. `noise`: the
  // guess of the standard deviation of one observation about its levels' effects.
  LogEffects(std::vector<Factor> factors, double noise);

  // One level of every factor, in their order.
  using Levels = std::vector<int>;
  // Cost: the square of the number of factors. `y` is clamped to [-64, 64]. Throws Error(fatal) if a nested level comes
  // with another level of the factor before than the first time.
  void add(const Levels& levels, double y);
  std::int64_t observations() const { return n_; }

  // Mean and variance of the next observation with these levels. Refits first if something was added: cubic in the
  // number of levels of the factors that are not eliminated, linear in those that are. Not thread safe.
  double mean(const Levels& levels) const;
  double variance(const Levels& levels) const;  // of the effects and of the noise
  double noise() const;                         // standard deviation

  // Effects drawn from their distribution: sum() over them is a draw of an observation without noise. `normal` returns
  // independent standard normal numbers.
  std::vector<double> draw(const std::function<double()>& normal) const;
  double sum(const std::vector<double>& effects, const Levels& levels) const;

 private:
  // Counts of a factor that is eliminated.
  struct Eliminated {
    std::size_t first = 0, size = 0;   // columns
    std::vector<std::int64_t> own;     // [size], the diagonal of X'X
    std::vector<std::int64_t> shared;  // [size, q], X'X with the common columns
  };
  // Its part of the last fit. Given the columns that they depend on, its effects are independent of each other.
  struct Fitted {
    std::vector<double> variance;     // [size], given those columns; while equations are solved, 1 / the diagonal
    std::vector<double> on_common;    // [size, q], minus the regression on the common columns
    std::vector<double> on_parent;    // [size], minus that on the level that it is nested in
    std::vector<double> covariance;   // [size, q], of C with the common columns
    std::vector<double> with_parent;  // [size], of C with the level that it is nested in
    std::vector<double> diagonal;     // [size], of C
  };
  struct Equations;

  std::size_t column(std::size_t factor, int level) const;
  bool nested() const { return factors_.back().nested; }
  void fit() const;
  void solve() const;  // effects and covariance, given the noise
  Equations equations() const;
  void eliminate(std::size_t which, Equations& equations) const;
  void solve_common(Equations& equations) const;
  void substitute(std::size_t which, const Equations& equations) const;
  double residual() const;  // |y - X b|^2 + tr(X'X C)
  double shrinkage(std::size_t column) const;

  std::vector<Factor> factors_;
  std::vector<std::size_t> first_;  // of each factor, its first column
  std::size_t p_ = 0, q_ = 0;       // columns; the common ones, of no eliminated factor, come first
  double guess_;
  std::int64_t n_ = 0;
  std::vector<std::int64_t> counts_;    // [q, q], X'X of the common columns
  std::vector<std::int64_t> sums_;      // [p], X'y in 2^-30
  std::vector<int> parent_;             // of each level of a nested last factor, the level before it; -1: not seen
  double squares_ = 0;                  // y'y; whole numbers of 2^-30, so exact below 2^23
  std::vector<Eliminated> eliminated_;  // in the order of their columns; the last is eliminated first
  mutable bool stale_ = true;
  mutable std::vector<Fitted> fitted_;      // of eliminated_
  mutable double variance_ = 0;             // noise^2
  mutable std::vector<double> effects_;     // [p]
  mutable std::vector<double> covariance_;  // [q, q], of C
  mutable std::vector<double> chol_;        // [q, q], lower triangle of the Cholesky factor of that part's inverse
};

}  // namespace mtlgrid

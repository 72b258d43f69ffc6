#include "orchestrator/durations/log_effects.h"

#include <algorithm>
#include <cmath>

#include "base/errors.h"

namespace mtlgrid {
namespace {

constexpr double kUnit = 1.0 / (1 << 30);
constexpr double kLargest = 64;     // largest absolute logarithm; no real ratio reaches it
constexpr double kGuessWeight = 4;  // guessed; small, so that about ten observations outweigh it
constexpr int kRounds = 20;         // of expectation maximisation; after five the noise has converged to a few per cent

// A = L L', the lower triangle L in place of A; A is symmetric and positive definite, [p, p].
void cholesky(std::vector<double>& a, std::size_t p) {
  for (std::size_t j = 0; j < p; ++j) {
    for (std::size_t i = j; i < p; ++i) {
      double x = a[i * p + j];
      for (std::size_t k = 0; k < j; ++k) x -= a[i * p + k] * a[j * p + k];
      a[i * p + j] = i == j ? std::sqrt(x) : x / a[j * p + j];
    }
  }
}

// x := L^-1 x and x := L'^-1 x
void forward(const std::vector<double>& l, std::size_t p, double* x) {
  for (std::size_t i = 0; i < p; ++i) {
    for (std::size_t k = 0; k < i; ++k) x[i] -= l[i * p + k] * x[k];
    x[i] /= l[i * p + i];
  }
}
void backward(const std::vector<double>& l, std::size_t p, double* x) {
  for (std::size_t i = p; i-- > 0;) {
    for (std::size_t k = i + 1; k < p; ++k) x[i] -= l[k * p + i] * x[k];
    x[i] /= l[i * p + i];
  }
}

}  // namespace

// What is left of C^-1 and of X'y / noise^2 while factors are eliminated.
struct LogEffects::Equations {
  std::vector<double> common;               // [q, q], of C^-1
  std::vector<std::vector<double>> own;     // of each eliminated factor, [size], its diagonal
  std::vector<std::vector<double>> shared;  // of each, [size, q], its part with the common columns
  std::vector<double> right;                // [p]
};

LogEffects::LogEffects(std::vector<Factor> factors, double noise) : factors_(std::move(factors)), guess_(noise) {
  for (const Factor& factor : factors_) {
    first_.push_back(p_);
    p_ += static_cast<std::size_t>(factor.levels);
  }
  const std::size_t common = factors_.size() - (nested() ? 2 : 1);
  q_ = first_[common];
  for (std::size_t f = common; f < factors_.size(); ++f) {
    const auto size = static_cast<std::size_t>(factors_[f].levels);
    eliminated_.push_back({first_[f], size, std::vector<std::int64_t>(size), std::vector<std::int64_t>(size * q_)});
  }
  counts_.assign(q_ * q_, 0);
  sums_.assign(p_, 0);
  parent_.assign(eliminated_.back().size, -1);
}

std::size_t LogEffects::column(std::size_t factor, int level) const {
  return first_[factor] + static_cast<std::size_t>(level);
}

void LogEffects::add(const Levels& levels, double y) {
  if (nested()) {
    int& parent = parent_[static_cast<std::size_t>(levels.back())];
    const int before = levels[levels.size() - 2];
    if (parent >= 0 && parent != before) throw Error(ErrorKind::fatal, "a level is nested in two others");
    parent = before;
  }
  const auto units = static_cast<std::int64_t>(std::llround(std::clamp(y, -kLargest, kLargest) / kUnit));
  const std::size_t common = levels.size() - eliminated_.size();
  for (std::size_t f = 0; f < levels.size(); ++f) {
    const std::size_t i = column(f, levels[f]);
    sums_[i] += units;
    for (std::size_t g = 0; g < common; ++g) {
      const std::size_t j = column(g, levels[g]);
      ++(f < common ? counts_[i * q_ + j]
                    : eliminated_[f - common].shared[static_cast<std::size_t>(levels[f]) * q_ + j]);
    }
    if (f >= common) ++eliminated_[f - common].own[static_cast<std::size_t>(levels[f])];
  }
  const double rounded = static_cast<double>(units) * kUnit;
  squares_ += std::round(rounded * rounded / kUnit) * kUnit;
  ++n_;
  stale_ = true;
}

double LogEffects::shrinkage(std::size_t column) const {
  std::size_t factor = 0;
  while (factor + 1 < factors_.size() && column >= first_[factor + 1]) ++factor;
  return 1 / (factors_[factor].spread * factors_[factor].spread);
}

LogEffects::Equations LogEffects::equations() const {
  Equations all;
  const auto scaled = [&](const std::vector<std::int64_t>& counts) {
    std::vector<double> out(counts.size());
    for (std::size_t i = 0; i < counts.size(); ++i) out[i] = static_cast<double>(counts[i]) / variance_;
    return out;
  };
  all.common = scaled(counts_);
  for (std::size_t j = 0; j < q_; ++j) all.common[j * q_ + j] += shrinkage(j);
  for (const Eliminated& factor : eliminated_) {
    all.own.push_back(scaled(factor.own));
    for (double& own : all.own.back()) own += shrinkage(factor.first);
    all.shared.push_back(scaled(factor.shared));
  }
  all.right.resize(p_);
  for (std::size_t i = 0; i < p_; ++i) all.right[i] = static_cast<double>(sums_[i]) * kUnit / variance_;
  return all;
}

// With C^-1 = (A B'; B D), D diagonal: what is left of the other columns is A - B' D^-1 B.
void LogEffects::eliminate(std::size_t which, Equations& equations) const {
  const Eliminated& factor = eliminated_[which];
  Fitted& fitted = fitted_[which];
  fitted.variance.resize(factor.size);
  fitted.on_common.assign(factor.size * q_, 0);
  fitted.on_parent.assign(factor.size, 0);
  for (std::size_t i = 0; i < factor.size; ++i) {
    const double own = fitted.variance[i] = 1 / equations.own[which][i], right = equations.right[factor.first + i];
    if (factor.own[i] == 0) continue;
    const double* b = &equations.shared[which][i * q_];
    for (std::size_t j = 0; j < q_; ++j) {
      if (b[j] == 0) continue;
      for (std::size_t k = 0; k < q_; ++k) equations.common[j * q_ + k] -= b[j] * own * b[k];
      equations.right[j] -= b[j] * own * right;
      fitted.on_common[i * q_ + j] = own * b[j];
    }
    if (which == 0) continue;
    // Each of its observations has the one level that it is nested in.
    const auto parent = static_cast<std::size_t>(parent_[i]);
    const double with = static_cast<double>(factor.own[i]) / variance_;
    for (std::size_t j = 0; j < q_; ++j) equations.shared[which - 1][parent * q_ + j] -= with * own * b[j];
    equations.own[which - 1][parent] -= with * own * with;
    equations.right[eliminated_[which - 1].first + parent] -= with * own * right;
    fitted.on_parent[i] = own * with;
  }
}

void LogEffects::solve_common(Equations& equations) const {
  std::vector<double>& a = equations.common;
  effects_.assign(p_, 0);
  std::copy_n(equations.right.begin(), q_, effects_.begin());
  cholesky(a, q_);
  forward(a, q_, effects_.data());
  backward(a, q_, effects_.data());
  covariance_.assign(q_ * q_, 0);
  for (std::size_t j = 0; j < q_; ++j) {
    double* row = &covariance_[j * q_];
    row[j] = 1;
    forward(a, q_, row);
    backward(a, q_, row);
  }
  chol_ = std::move(a);
}

void LogEffects::substitute(std::size_t which, const Equations& equations) const {
  const Eliminated& factor = eliminated_[which];
  Fitted& fitted = fitted_[which];
  fitted.covariance.assign(factor.size * q_, 0);
  fitted.with_parent.assign(factor.size, 0);
  fitted.diagonal = fitted.variance;
  for (std::size_t i = 0; i < factor.size; ++i) {
    double* row = &fitted.covariance[i * q_];
    double& effect = effects_[factor.first + i];
    effect = fitted.variance[i] * equations.right[factor.first + i];
    if (factor.own[i] == 0) continue;
    const double* on = &fitted.on_common[i * q_];
    for (std::size_t j = 0; j < q_; ++j) {
      if (on[j] == 0) continue;
      effect -= on[j] * effects_[j];
      for (std::size_t k = 0; k < q_; ++k) row[k] -= on[j] * covariance_[j * q_ + k];
    }
    if (which > 0) {
      const auto parent = static_cast<std::size_t>(parent_[i]);
      const Fitted& above = fitted_[which - 1];
      const double on_parent = fitted.on_parent[i];
      effect -= on_parent * effects_[eliminated_[which - 1].first + parent];
      double with = -on_parent * above.diagonal[parent];
      for (std::size_t k = 0; k < q_; ++k) {
        row[k] -= on_parent * above.covariance[parent * q_ + k];
        with -= on[k] * above.covariance[parent * q_ + k];
      }
      fitted.with_parent[i] = with;
      fitted.diagonal[i] -= on_parent * with;
    }
    for (std::size_t j = 0; j < q_; ++j) fitted.diagonal[i] -= on[j] * row[j];
  }
}

void LogEffects::solve() const {
  fitted_.resize(eliminated_.size());
  Equations left = equations();
  for (std::size_t which = eliminated_.size(); which-- > 0;) eliminate(which, left);
  solve_common(left);
  for (std::size_t which = 0; which < eliminated_.size(); ++which) substitute(which, left);
}

double LogEffects::residual() const {
  double sum = squares_;
  const auto take = [&](std::size_t i) { sum -= 2 * effects_[i] * static_cast<double>(sums_[i]) * kUnit; };
  for (std::size_t i = 0; i < q_; ++i) {
    take(i);
    for (std::size_t j = 0; j < q_; ++j) {
      const auto count = static_cast<double>(counts_[i * q_ + j]);
      sum += count * (effects_[i] * effects_[j] + covariance_[i * q_ + j]);
    }
  }
  for (std::size_t which = 0; which < eliminated_.size(); ++which) {
    const Eliminated& factor = eliminated_[which];
    const Fitted& fitted = fitted_[which];
    for (std::size_t i = 0; i < factor.size; ++i) {
      const double effect = effects_[factor.first + i], own = static_cast<double>(factor.own[i]);
      take(factor.first + i);
      for (std::size_t j = 0; j < q_; ++j) {  // off the diagonal, each occurs in both halves of X'X
        const auto count = static_cast<double>(factor.shared[i * q_ + j]);
        sum += 2 * count * (effect * effects_[j] + fitted.covariance[i * q_ + j]);
      }
      if (which > 0 && own > 0) {
        const double above = effects_[eliminated_[which - 1].first + static_cast<std::size_t>(parent_[i])];
        sum += 2 * own * (effect * above + fitted.with_parent[i]);
      }
      sum += own * (effect * effect + fitted.diagonal[i]);
    }
  }
  return std::max(0.0, sum);
}

void LogEffects::fit() const {
  if (!stale_) return;
  variance_ = guess_ * guess_;
  for (int round = 0; round < kRounds; ++round) {
    solve();
    variance_ = (kGuessWeight * guess_ * guess_ + residual()) / (kGuessWeight + static_cast<double>(n_));
  }
  solve();
  stale_ = false;
}

double LogEffects::mean(const Levels& levels) const {
  fit();
  return sum(effects_, levels);
}

double LogEffects::variance(const Levels& levels) const {
  fit();
  const std::size_t common = levels.size() - eliminated_.size();
  double variance = variance_;
  for (std::size_t which = eliminated_.size(); which-- > 0;) {
    const auto level = static_cast<std::size_t>(levels[common + which]);
    variance += fitted_[which].diagonal[level] + 2 * fitted_[which].with_parent[level];
  }
  for (std::size_t g = 0; g < common; ++g) {
    const std::size_t j = column(g, levels[g]);
    for (std::size_t which = eliminated_.size(); which-- > 0;) {
      variance += 2 * fitted_[which].covariance[static_cast<std::size_t>(levels[common + which]) * q_ + j];
    }
    for (std::size_t f = 0; f < common; ++f) variance += covariance_[column(f, levels[f]) * q_ + j];
  }
  return variance;
}

double LogEffects::noise() const {
  fit();
  return std::sqrt(variance_);
}

std::vector<double> LogEffects::draw(const std::function<double()>& normal) const {
  fit();
  std::vector<double> drawn(p_);
  for (double& x : drawn) x = normal();
  backward(chol_, q_, drawn.data());  // covariance L'^-1 L^-1
  for (std::size_t which = 0; which < eliminated_.size(); ++which) {
    const Eliminated& factor = eliminated_[which];
    const Fitted& fitted = fitted_[which];
    for (std::size_t i = 0; i < factor.size; ++i) {
      double& x = drawn[factor.first + i];
      x *= std::sqrt(fitted.variance[i]);
      for (std::size_t j = 0; j < q_; ++j) x -= fitted.on_common[i * q_ + j] * drawn[j];
      if (which == 0 || parent_[i] < 0) continue;
      x -= fitted.on_parent[i] * drawn[eliminated_[which - 1].first + static_cast<std::size_t>(parent_[i])];
    }
  }
  for (std::size_t i = 0; i < p_; ++i) drawn[i] += effects_[i];
  return drawn;
}

double LogEffects::sum(const std::vector<double>& effects, const Levels& levels) const {
  double y = 0;
  for (std::size_t f = 0; f < levels.size(); ++f) y += effects[column(f, levels[f])];
  return y;
}

}  // namespace mtlgrid

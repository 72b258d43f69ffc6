#include "orchestrator/durations/log_effects.h"

#include <algorithm>
#include <cmath>

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

LogEffects::LogEffects(std::vector<Factor> factors, double noise) : factors_(std::move(factors)), guess_(noise) {
  for (const Factor& factor : factors_) {
    first_.push_back(p_);
    p_ += static_cast<std::size_t>(factor.levels);
  }
  q_ = first_.back();
  counts_.assign(p_ * q_, 0);
  own_.assign(p_ - q_, 0);
  sums_.assign(p_, 0);
}

std::size_t LogEffects::column(std::size_t factor, int level) const {
  return first_[factor] + static_cast<std::size_t>(level);
}

void LogEffects::add(const Levels& levels, double y) {
  const auto units = static_cast<std::int64_t>(std::llround(std::clamp(y, -kLargest, kLargest) / kUnit));
  const std::size_t last = levels.size() - 1;
  for (std::size_t f = 0; f <= last; ++f) {
    const std::size_t i = column(f, levels[f]);
    sums_[i] += units;
    for (std::size_t g = 0; g < last; ++g) ++counts_[i * q_ + column(g, levels[g])];
  }
  ++own_[static_cast<std::size_t>(levels[last])];
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

// With C^-1 = (A B'; B D), D diagonal: the others' covariance is (A - B' D^-1 B)^-1.
void LogEffects::solve() const {
  const auto b = [&](std::size_t i, std::size_t j) { return static_cast<double>(counts_[i * q_ + j]) / variance_; };
  const auto xy = [&](std::size_t i) { return static_cast<double>(sums_[i]) * kUnit / variance_; };
  own_variance_.assign(p_ - q_, 0);
  for (std::size_t i = q_; i < p_; ++i) {
    own_variance_[i - q_] = 1 / (static_cast<double>(own_[i - q_]) / variance_ + shrinkage(i));
  }
  std::vector<double> a(q_ * q_);
  effects_.assign(p_, 0);
  for (std::size_t j = 0; j < q_; ++j) {
    for (std::size_t k = 0; k < q_; ++k) a[j * q_ + k] = b(j, k);
    a[j * q_ + j] += shrinkage(j);
    effects_[j] = xy(j);
  }
  for (std::size_t i = q_; i < p_; ++i) {
    const double own = own_variance_[i - q_];
    for (std::size_t j = 0; j < q_; ++j) {
      if (counts_[i * q_ + j] == 0) continue;
      for (std::size_t k = 0; k < q_; ++k) a[j * q_ + k] -= b(i, j) * own * b(i, k);
      effects_[j] -= b(i, j) * own * xy(i);
    }
  }
  cholesky(a, q_);
  forward(a, q_, effects_.data());
  backward(a, q_, effects_.data());
  covariance_.assign(p_ * q_, 0);
  for (std::size_t j = 0; j < q_; ++j) {
    double* row = &covariance_[j * q_];
    row[j] = 1;
    forward(a, q_, row);
    backward(a, q_, row);
  }
  own_covariance_ = own_variance_;
  for (std::size_t i = q_; i < p_; ++i) {
    const double own = own_variance_[i - q_];
    double* row = &covariance_[i * q_];
    effects_[i] = own * xy(i);
    for (std::size_t j = 0; j < q_; ++j) {
      if (counts_[i * q_ + j] == 0) continue;
      effects_[i] -= own * b(i, j) * effects_[j];
      for (std::size_t k = 0; k < q_; ++k) row[k] -= own * b(i, j) * covariance_[j * q_ + k];
    }
    for (std::size_t j = 0; j < q_; ++j) own_covariance_[i - q_] -= own * b(i, j) * row[j];
  }
  chol_ = std::move(a);
}

double LogEffects::residual() const {
  double sum = squares_;
  for (std::size_t i = 0; i < p_; ++i) {
    const double twice = i < q_ ? 1 : 2;  // the last factor's columns occur in both halves of X'X
    sum -= 2 * effects_[i] * static_cast<double>(sums_[i]) * kUnit;
    for (std::size_t j = 0; j < q_; ++j) {
      const auto count = static_cast<double>(counts_[i * q_ + j]);
      sum += twice * count * (effects_[i] * effects_[j] + covariance_[i * q_ + j]);
    }
    if (i >= q_) sum += static_cast<double>(own_[i - q_]) * (effects_[i] * effects_[i] + own_covariance_[i - q_]);
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
  const std::size_t last = levels.size() - 1, own = column(last, levels[last]);
  double variance = variance_ + own_covariance_[own - q_];
  for (std::size_t g = 0; g < last; ++g) {
    variance += 2 * covariance_[own * q_ + column(g, levels[g])];
    for (std::size_t f = 0; f < last; ++f) {
      variance += covariance_[column(f, levels[f]) * q_ + column(g, levels[g])];
    }
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
  for (std::size_t i = q_; i < p_; ++i) {
    const double own = own_variance_[i - q_];
    drawn[i] = effects_[i] + std::sqrt(own) * drawn[i];
    for (std::size_t j = 0; j < q_; ++j) {
      drawn[i] -= own * static_cast<double>(counts_[i * q_ + j]) / variance_ * drawn[j];
    }
  }
  for (std::size_t j = 0; j < q_; ++j) drawn[j] += effects_[j];
  return drawn;
}

double LogEffects::sum(const std::vector<double>& effects, const Levels& levels) const {
  double y = 0;
  for (std::size_t f = 0; f < levels.size(); ++f) y += effects[column(f, levels[f])];
  return y;
}

}  // namespace mtlgrid

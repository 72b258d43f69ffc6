#include "orchestrator/log_effects.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace mtlgrid {
namespace {

constexpr double kUnit = 1.0 / (1 << 30);
constexpr double kLargest = 64;     // of a logarithm: beyond all that can be
constexpr double kGuessWeight = 4;  // guessed; few, so that some ten observations outweigh it
constexpr int kRounds = 20;         // of expectation maximisation; the noise is settled to some per cent after five

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
  counts_.assign(p_ * p_, 0);
  sums_.assign(p_, 0);
}

std::size_t LogEffects::column(std::size_t factor, int level) const {
  return first_[factor] + static_cast<std::size_t>(level);
}

void LogEffects::add(const Levels& levels, double y) {
  const auto units = static_cast<std::int64_t>(std::llround(std::clamp(y, -kLargest, kLargest) / kUnit));
  for (std::size_t f = 0; f < levels.size(); ++f) {
    const std::size_t i = column(f, levels[f]);
    sums_[i] += units;
    for (std::size_t g = 0; g < levels.size(); ++g) ++counts_[i * p_ + column(g, levels[g])];
  }
  const double rounded = static_cast<double>(units) * kUnit;
  squares_ += std::round(rounded * rounded / kUnit) * kUnit;
  ++n_;
  stale_ = true;
}

void LogEffects::fit() const {
  if (!stale_) return;
  const auto n = static_cast<double>(n_);
  variance_ = guess_ * guess_;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<double> a(p_ * p_);
    for (std::size_t i = 0; i < a.size(); ++i) a[i] = static_cast<double>(counts_[i]) / variance_;
    for (std::size_t f = 0; f < factors_.size(); ++f) {
      for (int level = 0; level < factors_[f].levels; ++level) {
        const std::size_t i = column(f, level);
        a[i * p_ + i] += 1 / (factors_[f].spread * factors_[f].spread);
      }
    }
    cholesky(a, p_);
    effects_.assign(p_, 0);
    for (std::size_t i = 0; i < p_; ++i) effects_[i] = static_cast<double>(sums_[i]) * kUnit / variance_;
    forward(a, p_, effects_.data());
    backward(a, p_, effects_.data());
    covariance_.assign(p_ * p_, 0);
    for (std::size_t i = 0; i < p_; ++i) {
      double* row = &covariance_[i * p_];
      row[i] = 1;
      forward(a, p_, row);
      backward(a, p_, row);
    }
    precision_chol_ = std::move(a);
    double residual = squares_;
    for (std::size_t i = 0; i < p_; ++i) {
      residual -= 2 * effects_[i] * static_cast<double>(sums_[i]) * kUnit;
      for (std::size_t j = 0; j < p_; ++j) {
        const auto count = static_cast<double>(counts_[i * p_ + j]);
        residual += count * (effects_[i] * effects_[j] + covariance_[i * p_ + j]);
      }
    }
    variance_ = (kGuessWeight * guess_ * guess_ + std::max(0.0, residual)) / (kGuessWeight + n);
  }
  stale_ = false;
}

double LogEffects::mean(const Levels& levels) const {
  fit();
  return sum(effects_, levels);
}

double LogEffects::variance(const Levels& levels) const {
  fit();
  double variance = variance_;
  for (std::size_t f = 0; f < levels.size(); ++f) {
    for (std::size_t g = 0; g < levels.size(); ++g) {
      variance += covariance_[column(f, levels[f]) * p_ + column(g, levels[g])];
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
  backward(precision_chol_, p_, drawn.data());  // covariance L'^-1 L^-1
  for (std::size_t i = 0; i < p_; ++i) drawn[i] += effects_[i];
  return drawn;
}

double LogEffects::sum(const std::vector<double>& effects, const Levels& levels) const {
  double y = 0;
  for (std::size_t f = 0; f < levels.size(); ++f) y += effects[column(f, levels[f])];
  return y;
}

}  // namespace mtlgrid

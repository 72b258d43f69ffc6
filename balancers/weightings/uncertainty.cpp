#include "balancers/weightings/uncertainty.h"

#include <cmath>

#include "balancers/weightings/checks.h"

namespace mtlgrid {
namespace {

constexpr double kStartS = -0.7;  // of s, the value of Auto-Lambda's and the released code

}  // namespace

UncertaintyWeighting::UncertaintyWeighting(int tasks, const Protocol& protocol)
    : learned_(protocol.uncert_learned), s_(std::vector<double>(static_cast<std::size_t>(tasks), kStartS), 0) {}

std::vector<double> UncertaintyWeighting::weights() const {
  std::vector<double> w;
  for (double s : s_.values()) w.push_back(1 / (2 * std::exp(s)));
  return w;
}

void UncertaintyWeighting::step_done(std::span<const double> losses, double learning_rate) {
  require_finite_per_task(losses, s_.values().size(), "loss");
  if (!learned_) return;
  std::vector<double> gradient;
  for (std::size_t k = 0; k < losses.size(); ++k) gradient.push_back(0.5 - losses[k] / (2 * std::exp(s_.values()[k])));
  s_.step(gradient, learning_rate);
}

nlohmann::json UncertaintyWeighting::save() const { return {{"weighting", "uncert"}, {"s", s_.save()}}; }

void UncertaintyWeighting::load(const nlohmann::json& state) {
  require_kind(state, "uncert");
  s_.load(field<nlohmann::json>(state, "s"));
}

}  // namespace mtlgrid

#include "balancers/weightings/dwa.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "balancers/weightings/checks.h"

namespace mtlgrid {
namespace {

constexpr double kTemperature = 2;  // T, Liu, Johns, Davison 2018, section 3.2

double loss_ratio(double newer, double older) {
  if (older != 0) return newer / older;
  return newer == 0 ? 1 : std::numeric_limits<double>::infinity();
}

}  // namespace

DynamicWeightAverage::DynamicWeightAverage(int tasks, const Protocol& protocol)
    : tasks_(static_cast<std::size_t>(tasks)), shifted_(protocol.dwa_shifted_history), running_(tasks_, 0.0) {}

std::vector<double> DynamicWeightAverage::weights() const {
  std::vector<double> w(tasks_, 1.0);
  if (history_.size() < 2) return w;
  for (std::size_t k = 0; k < tasks_; ++k) w[k] = loss_ratio(history_[1][k], history_[0][k]);
  const double largest = *std::max_element(w.begin(), w.end());
  double sum = 0;
  for (double& value : w) {
    value = value == largest ? 1 : std::exp((value - largest) / kTemperature);  // no inf - inf
    sum += value;
  }
  for (double& value : w) value *= static_cast<double>(tasks_) / sum;
  return w;
}

void DynamicWeightAverage::step_done(std::span<const double> losses, double /*learning_rate*/) {
  require_finite_per_task(losses, tasks_, "loss");
  ++steps_;
  const double share = 1 / static_cast<double>(steps_);
  for (std::size_t k = 0; k < tasks_; ++k) {
    const double start = shifted_ ? running_[0] : running_[k];
    running_[k] = (1 - share) * start + share * losses[k];
  }
}

void DynamicWeightAverage::epoch_done() {
  if (steps_ == 0) return;
  history_.push_back(running_);
  if (history_.size() > 2) history_.erase(history_.begin());
  running_.assign(tasks_, 0.0);
  steps_ = 0;
}

nlohmann::json DynamicWeightAverage::save() const {
  return {{"weighting", "dwa"}, {"running", running_}, {"history", history_}, {"steps", steps_}};
}

void DynamicWeightAverage::load(const nlohmann::json& state) {
  require_kind(state, "dwa");
  auto history = field<std::vector<std::vector<double>>>(state, "history");
  const bool fits = history.size() <= 2 && std::all_of(history.begin(), history.end(),
                                                       [&](const auto& epoch) { return epoch.size() == tasks_; });
  if (!fits) throw std::invalid_argument("state of a loss weighting: 'history' is not of this many tasks");
  running_ = per_task_field(state, "running", tasks_);
  steps_ = field<long>(state, "steps");
  history_ = std::move(history);
}

}  // namespace mtlgrid

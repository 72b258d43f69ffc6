// What every balancer checks alike: numbers per task, and states read back from a checkpoint. Internal to balancers/.
#pragma once

#include <cmath>
#include <nlohmann/json.hpp>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace mtlgrid {

// Throws std::invalid_argument unless there are `tasks` values, std::domain_error naming the first that is not finite.
inline void require_finite_per_task(std::span<const double> values, std::size_t tasks, const char* what) {
  if (values.size() != tasks) {
    throw std::invalid_argument(std::string(what) + ": " + std::to_string(values.size()) + " values for " +
                                std::to_string(tasks) + " tasks");
  }
  for (std::size_t k = 0; k < tasks; ++k) {
    if (std::isfinite(values[k])) continue;
    throw std::domain_error(std::string(what) + " of task " + std::to_string(k) + " is " + std::to_string(values[k]));
  }
}

// A field of a saved state. Throws std::invalid_argument if it is missing or of another type.
template <typename T>
T field(const nlohmann::json& state, const char* name) {
  try {
    return state.at(name).get<T>();
  } catch (const nlohmann::json::exception& e) {
    throw std::invalid_argument(std::string("state of a loss weighting: ") + e.what());
  }
}

// A field with one number a task. Throws std::invalid_argument if there are not `tasks` of them.
inline std::vector<double> per_task_field(const nlohmann::json& state, const char* name, std::size_t tasks) {
  auto values = field<std::vector<double>>(state, name);
  if (values.size() == tasks) return values;
  throw std::invalid_argument(std::string("state of a loss weighting: '") + name + "' has " +
                              std::to_string(values.size()) + " numbers for " + std::to_string(tasks) + " tasks");
}

// Refuses the state of another method. Throws std::invalid_argument.
inline void require_kind(const nlohmann::json& state, const std::string& kind) {
  const auto found = field<std::string>(state, "weighting");
  if (found != kind) throw std::invalid_argument("state of weighting '" + found + "' loaded into '" + kind + "'");
}

}  // namespace mtlgrid

#include "balancers/weightings/equal.h"

#include "balancers/weightings/checks.h"

namespace mtlgrid {

std::vector<double> EqualWeighting::weights() const {
  return std::vector<double>(static_cast<std::size_t>(tasks_), 1.0);
}

nlohmann::json EqualWeighting::save() const { return {{"weighting", "equal"}}; }

void EqualWeighting::load(const nlohmann::json& state) { require_kind(state, "equal"); }

}  // namespace mtlgrid

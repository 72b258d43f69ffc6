#include "balancers/aggregations/aggregator.h"

#include <stdexcept>

namespace mtlgrid {

void Aggregator::load(const nlohmann::json& state) {
  if (!state.is_null()) throw std::invalid_argument("a state was loaded into a gradient aggregation that has none");
}

}  // namespace mtlgrid

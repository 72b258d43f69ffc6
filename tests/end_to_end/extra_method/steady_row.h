// The registry's row of `steady`, a gradient aggregation that only the programs of this folder have.
#pragma once

#include "balancers/methods/registry.h"

namespace mtlgrid {

inline const AggregationRow kSteady{.name = "steady", .input = AggregationInput::gram};

}  // namespace mtlgrid

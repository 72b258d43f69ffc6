// The table of gradient aggregations: which class a name of the registry stands for.
#pragma once

#include <memory>
#include <string>

#include "balancers/aggregations/aggregator.h"
#include "balancers/methods/protocol.h"
#include "balancers/methods/registry.h"

namespace mtlgrid {

// Makes one run's aggregation.
using AggregatorMaker = std::unique_ptr<Aggregator> (*)(const Protocol& protocol);

// The aggregation `name`, a row of the registry. Throws std::invalid_argument for a name without a maker.
std::unique_ptr<Aggregator> make_aggregator(const std::string& name, const Protocol& protocol);

// Adds a row to the registry with its maker: what a program that trains calls. As for register_aggregation(row),
// before anything else uses the registry.
void register_aggregation(const AggregationRow& row, AggregatorMaker make);

}  // namespace mtlgrid

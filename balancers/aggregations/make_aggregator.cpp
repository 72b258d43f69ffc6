#include "balancers/aggregations/make_aggregator.h"

#include <map>
#include <stdexcept>

#include "balancers/aggregations/cagrad.h"
#include "balancers/aggregations/graddrop.h"
#include "balancers/aggregations/pcgrad.h"
#include "balancers/aggregations/sum.h"

namespace mtlgrid {
namespace {

template <typename T>
std::unique_ptr<Aggregator> make(const Protocol& protocol) {
  return std::make_unique<T>(protocol);
}

std::unique_ptr<Aggregator> make_sum(const Protocol& /*protocol*/) { return std::make_unique<Sum>(); }

std::map<std::string, AggregatorMaker>& makers() {
  static std::map<std::string, AggregatorMaker> table = {
      {"none", make_sum},
      {"graddrop", make<GradDrop>},
      {"pcgrad", make<PcGrad>},
      {"cagrad", make<CaGrad>},
  };
  return table;
}

}  // namespace

std::unique_ptr<Aggregator> make_aggregator(const std::string& name, const Protocol& protocol) {
  const auto found = makers().find(name);
  if (found == makers().end()) throw std::invalid_argument("gradient aggregation '" + name + "' has no maker");
  return found->second(protocol);
}

void register_aggregation(const AggregationRow& row, AggregatorMaker make) {
  register_aggregation(row);
  makers().emplace(row.name, make);
}

}  // namespace mtlgrid

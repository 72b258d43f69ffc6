#include "balancers/weightings/make_weighting.h"

#include <map>
#include <stdexcept>

#include "balancers/weightings/auto_lambda.h"
#include "balancers/weightings/dwa.h"
#include "balancers/weightings/equal.h"
#include "balancers/weightings/uncertainty.h"

namespace mtlgrid {
namespace {

template <typename T>
std::unique_ptr<LossWeighting> make(int tasks, const Protocol& protocol) {
  return std::make_unique<T>(tasks, protocol);
}

std::map<std::string, WeightingMaker>& makers() {
  static std::map<std::string, WeightingMaker> table = {
      {"equal", make<EqualWeighting>},
      {"dwa", make<DynamicWeightAverage>},
      {"uncert", make<UncertaintyWeighting>},
      {"autol", make<AutoLambda>},
  };
  return table;
}

}  // namespace

std::unique_ptr<LossWeighting> make_weighting(const std::string& name, int tasks, const Protocol& protocol) {
  if (tasks < 1) throw std::invalid_argument("a loss weighting of " + std::to_string(tasks) + " tasks");
  const auto found = makers().find(name);
  if (found == makers().end()) throw std::invalid_argument("loss weighting '" + name + "' has no maker");
  return found->second(tasks, protocol);
}

void register_weighting(const WeightingRow& row, WeightingMaker make) {
  register_weighting(row);
  makers().emplace(row.name, make);
}

}  // namespace mtlgrid

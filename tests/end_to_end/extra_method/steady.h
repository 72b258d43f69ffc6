// `steady`: every task gradient is scaled to the mean length, lengths being averages over the steps so far.
#pragma once

#include <memory>
#include <vector>

#include "balancers/aggregations/aggregator.h"
#include "balancers/methods/protocol.h"

namespace mtlgrid {

// c_k = mean_j sqrt(a_j) / sqrt(a_k), with a_k the average of M_kk over all steps so far; 1 where a_k is 0. An example
// of an aggregation with a state.
class Steady : public Aggregator {
 public:
  Aggregated aggregate(TaskGradients& gradients) override;
  nlohmann::json save() const override;
  void load(const nlohmann::json& state) override;

 private:
  std::vector<double> averages_;  // a_k; empty before the first step
  long steps_ = 0;
};

std::unique_ptr<Aggregator> make_steady(const Protocol& protocol);

}  // namespace mtlgrid

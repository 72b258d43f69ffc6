#include "tests/end_to_end/extra_method/steady.h"

#include <cmath>
#include <cstddef>
#include <numeric>
#include <stdexcept>

namespace mtlgrid {

Aggregated Steady::aggregate(TaskGradients& gradients) {
  const GramMatrix gram = gradients.gram();
  averages_.resize(static_cast<std::size_t>(gram.tasks), 0.0);
  ++steps_;
  std::vector<double> lengths;
  for (int k = 0; k < gram.tasks; ++k) {
    double& average = averages_[static_cast<std::size_t>(k)];
    average += (gram(k, k) - average) / static_cast<double>(steps_);
    lengths.push_back(std::sqrt(average));
  }
  const double mean = std::accumulate(lengths.begin(), lengths.end(), 0.0) / gram.tasks;
  Aggregated out;
  for (const double length : lengths) out.coefficients.push_back(length > 0 ? mean / length : 1);
  return out;
}

nlohmann::json Steady::save() const { return {{"aggregation", "steady"}, {"averages", averages_}, {"steps", steps_}}; }

void Steady::load(const nlohmann::json& state) {
  if (!state.is_object() || state.value("aggregation", "") != "steady") {
    throw std::invalid_argument("state of another aggregation loaded into 'steady'");
  }
  averages_ = state.at("averages").get<std::vector<double>>();
  steps_ = state.at("steps").get<long>();
}

std::unique_ptr<Aggregator> make_steady(const Protocol& /*protocol*/) { return std::make_unique<Steady>(); }

}  // namespace mtlgrid

#include "orchestrator/cost.h"

#include <algorithm>
#include <functional>
#include <queue>

namespace mtlgrid {
namespace {

constexpr double kBackward = 2;  // a backward pass in forward passes: gradients by inputs and by weights
constexpr double kTasks = 2;

double bag_flops(const Plan& plan, const PairCohort& rows, int position) {
  const auto& cohort = plan.cohorts[static_cast<std::size_t>(rows.cohort)];
  const int patient = rows.patient[static_cast<std::size_t>(position)];
  return forward_flops(plan.config.model, cohort.width, cohort.patients[static_cast<std::size_t>(patient)].tiles());
}

double sum_flops(const Plan& plan, const PairCohort& rows, const std::vector<int>& positions) {
  double sum = 0;
  for (const int position : positions) sum += bag_flops(plan, rows, position);
  return sum;
}

}  // namespace

std::int64_t parameter_count(const ModelSettings& model, std::int64_t width) {
  const std::int64_t d = model.d_model, f = model.ff;
  const std::int64_t attention = 3 * d * d + 3 * d + d * d + d, feed_forward = d * f + f + f * d + d, norm = 2 * d;
  const std::int64_t encoder = attention + feed_forward + 2 * norm, decoder = 2 * attention + feed_forward + 3 * norm;
  const std::int64_t projector = width * d + d, tokens = 2 * d, heads = (2 * d + 2) + (d + 1);
  return projector + model.encoder_layers * encoder + model.decoder_layers * decoder + tokens + heads;
}

double forward_flops(const ModelSettings& model, std::int64_t width, std::int64_t tiles) {
  const double n = static_cast<double>(tiles), d = model.d_model, f = model.ff, w = static_cast<double>(width);
  const double encoder = n * (8 * d * d + 4 * d * f) + 4 * n * n * d;  // projections, feed-forward, scores and values
  const double decoder = kTasks * (4 * n * d * model.heads + 20 * d * d + 4 * d * f);  // keys folded into queries
  return 2 * n * w * d + model.encoder_layers * encoder + model.decoder_layers * decoder;
}

double training_passes(const Method& method, const Protocol& protocol) {
  const bool separate = method.joint && method.aggregation != Aggregation::none;
  const double step = 1 + kBackward * (separate ? kTasks : 1);
  if (method.weighting != Weighting::autol) return step;
  const double meta = 1 + kBackward;                               // one forward and one backward pass on the meta bag
  if (protocol.autol_exact) return 1 + kBackward * kTasks + meta;  // the tasks' gradients serve step and meta step
  return step + meta + (1 + kBackward) + 2;                        // virtual step, then two forward passes
}

double expected_cost(const Plan& plan, const Cell& cell) {
  const Pair& pair = plan.experiment.pair_of(cell);
  const PairFold& fold = pair.folds[static_cast<std::size_t>(cell.fold)];
  const double passes = training_passes(method(cell.method), plan.config.protocol);
  const double epoch = passes * sum_flops(plan, pair.training, fold.train) + sum_flops(plan, pair.training, fold.valid);
  double cost = plan.config.train.epochs * epoch + sum_flops(plan, pair.training, fold.test);
  for (const PairCohort& external : pair.external) {
    for (std::size_t i = 0; i < external.patient.size(); ++i) cost += bag_flops(plan, external, static_cast<int>(i));
  }
  return cost;
}

std::int64_t largest_bag(const Plan& plan) {
  std::int64_t most = 0;
  for (const Cohort& cohort : plan.cohorts) {
    for (const Patient& patient : cohort.patients) most = std::max(most, patient.tiles());
  }
  return most;
}

double longest_step_flops(const Plan& plan) {
  double passes = 0, longest = 0;
  for (const std::string& name : plan.config.methods) {
    passes = std::max(passes, training_passes(method(name), plan.config.protocol));
  }
  for (const Pair& pair : plan.experiment.pairs) {
    for (std::size_t i = 0; i < pair.training.patient.size(); ++i) {
      longest = std::max(longest, passes * bag_flops(plan, pair.training, static_cast<int>(i)));
    }
  }
  return longest;
}

double makespan(std::vector<double> costs, int workers) {
  std::sort(costs.begin(), costs.end(), std::greater<>());
  std::priority_queue<double, std::vector<double>, std::greater<>> free_at;  // when each worker is free, soonest first
  for (int i = 0; i < workers; ++i) free_at.push(0);
  double last = 0;
  for (const double cost : costs) {
    const double end = free_at.top() + cost;
    free_at.pop();
    free_at.push(end);
    last = std::max(last, end);
  }
  return last;
}

}  // namespace mtlgrid

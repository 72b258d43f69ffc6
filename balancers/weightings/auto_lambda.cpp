#include "balancers/weightings/auto_lambda.h"

#include "balancers/weightings/checks.h"

namespace mtlgrid {
namespace {

constexpr double kStartLambda = 0.1;    // of lambda, section 4 of the paper
constexpr double kLearningRate = 1e-4;  // of lambda, section 4 of the paper

}  // namespace

AutoLambda::AutoLambda(int tasks, const Protocol& protocol)
    : lambda_(std::vector<double>(static_cast<std::size_t>(tasks), kStartLambda), protocol.autol_weight_decay) {}

void AutoLambda::meta_step(std::span<const double> meta_gradient) { lambda_.step(meta_gradient, kLearningRate); }

nlohmann::json AutoLambda::save() const { return {{"weighting", "autol"}, {"lambda", lambda_.save()}}; }

void AutoLambda::load(const nlohmann::json& state) {
  require_kind(state, "autol");
  lambda_.load(field<nlohmann::json>(state, "lambda"));
}

}  // namespace mtlgrid

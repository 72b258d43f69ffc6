#include "trainer/contract/flops.h"

namespace mtlgrid {
namespace {

constexpr double kTasks = 2;

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

StepPasses step_passes(const Method& method, const Protocol& protocol) {
  if (!method.weighting.meta_step) return {1, method.separate_gradients() ? 2 : 1};
  // The step itself with both tasks' gradients, and the meta bag with one; with dropout masks of its own the
  // virtual step repeats both, and the finite difference needs the losses on its two sides.
  StepPasses passes = {2, 3};
  if (!protocol.autol_reuse_masks) passes = {passes.forward + 1, passes.gradients + 2};
  if (!protocol.autol_exact) passes.forward += 2;
  return passes;
}

double step_flops(const Method& method, const Protocol& protocol, const ModelSettings& model, std::int64_t width,
                  std::int64_t tiles) {
  const StepPasses passes = step_passes(method, protocol);
  const double forward = forward_flops(model, width, tiles);
  const double by_bag = 2 * static_cast<double>(tiles) * static_cast<double>(width) * model.d_model;
  return passes.forward * forward + passes.gradients * (2 * forward - by_bag);
}

double step_bytes(const Method& method, const Protocol& protocol, const ModelSettings& model, std::int64_t width) {
  const StepPasses passes = step_passes(method, protocol);
  const double reads = passes.forward + passes.gradients, gradients = 2 * passes.gradients;
  const double adamw = 6;                                          // parameter and both moments, in and out
  const double meta = method.weighting.meta_step ? 2 + 1 + 3 : 0;  // virtual step, inner products
  const double matrix = method.aggregation.input != AggregationInput::weighted_sum ? 2 : 0;
  return 4.0 * static_cast<double>(parameter_count(model, width)) * (reads + gradients + adamw + meta + matrix);
}

}  // namespace mtlgrid

#include "trainer/prediction.h"

#include <ATen/ops/from_blob.h>

#include <cmath>

#include "datasets/errors.h"

namespace mtlgrid {

at::Tensor bag_tensor(const Bag& bag, const at::Tensor& like) {
  // from_blob takes no const pointer; the tensor is only read, and copied by the conversion.
  auto* values = const_cast<std::uint16_t*>(bag.values.data());
  return at::from_blob(values, {bag.tiles, bag.width}, at::TensorOptions().dtype(at::kHalf)).to(like.options());
}

Prediction predict(const MethodStep& step, const at::Tensor& flat, const at::Tensor& bag, const MinMax& scaling,
                   std::vector<float>& embedding) {
  const ForwardPass pass = step.evaluate(bag, flat);
  const at::Tensor logits = pass.logits.to(at::kCPU, at::kDouble),
                   token = pass.tokens[0][0].to(at::kCPU, at::kFloat).contiguous();
  embedding.assign(token.data_ptr<float>(), token.data_ptr<float>() + token.numel());
  Prediction p;
  p.log_odds = logits.data_ptr<double>()[1] - logits.data_ptr<double>()[0];
  p.score = 1 / (1 + std::exp(-p.log_odds));
  p.prediction = step.joint() ? scaling.unscale(pass.regression.item<double>()) : kMissing;
  if (!std::isfinite(p.log_odds) || (step.joint() && !std::isfinite(p.prediction))) {
    throw Error(ErrorKind::cell_failed, "the network's output is not finite");
  }
  return p;
}

}  // namespace mtlgrid

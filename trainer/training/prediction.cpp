#include "trainer/training/prediction.h"

#include <ATen/ops/from_blob.h>

#include <cmath>

#include "base/errors.h"
#include "results/records/records.h"

namespace mtlgrid {

at::Tensor half_tensor(const BagView& bag) {
  auto* values = const_cast<std::uint16_t*>(bag.values.data());  // from_blob takes no const pointer
  return at::from_blob(values, {bag.tiles, bag.width}, at::TensorOptions().dtype(at::kHalf));
}

at::Tensor bag_tensor(const BagView& bag, const at::Tensor& like) {
  return half_tensor(bag)
      .to(like.device())  // as float16: half the bytes to transfer
      .to(like.scalar_type());
}

PatientPrediction predict(const TrainedNetwork& network, const at::Tensor& bag, const std::string& cohort,
                          const std::string& patient) {
  const ForwardPass pass = forward(network.parameters, network.model, bag, network.joint, nullptr);
  const double* outputs = pass.outputs.const_data_ptr<double>();
  const at::Tensor token = pass.tokens[0][0].to(at::kCPU, at::kFloat).contiguous();
  Prediction p;
  p.cohort = cohort;
  p.patient = patient;
  p.log_odds = outputs[1] - outputs[0];
  p.score = 1 / (1 + std::exp(-p.log_odds));
  p.target = kMissing;
  p.prediction = network.joint ? network.scaling.unscale(outputs[2]) : kMissing;
  if (!std::isfinite(p.log_odds) || (network.joint && !std::isfinite(p.prediction))) {
    throw Error(ErrorKind::cell_failed,
                "cohort " + cohort + ", patient " + patient + ": the network's output is not finite");
  }
  return {p, {cohort, patient, {token.data_ptr<float>(), token.data_ptr<float>() + token.numel()}}};
}

}  // namespace mtlgrid

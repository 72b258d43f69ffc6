#include "trainer/predict_cohort.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <algorithm>

#include "datasets/errors.h"
#include "trainer/parameters.h"
#include "trainer/prediction.h"
#include "trainer/state_dict.h"
#include "trainer/weights.h"

namespace mtlgrid {
namespace {

Bag read_patient(const PatientFiles& patient, std::int64_t width) {
  Bag bag = read_bag({patient.files.begin(), patient.files.end()});
  if (bag.width != width) {
    throw InputError("patient " + patient.name + ": " + std::to_string(bag.width) + " features a tile, expected " +
                     std::to_string(width) + " as the network was trained on");
  }
  return bag;
}

}  // namespace

PredictAnswer predict_cohort(const PredictRequest& request) {
  at::set_num_threads(request.threads);
  const Weights weights = read_weights_file(request.weights);
  const ParameterLayout layout =
      make_layout(weights.model, weights.width, weights.label_column, weights.auxiliary_column);
  at::Tensor flat = at::empty({1, layout.total}, at::TensorOptions().dtype(at::kFloat));
  if (request.state_dict.empty()) {
    std::copy(weights.values.begin(), weights.values.end(), flat.data_ptr<float>());
  } else {
    const std::vector<double> values = read_state_dict(request.state_dict, layout);
    std::transform(values.begin(), values.end(), flat.data_ptr<float>(),
                   [](double v) { return static_cast<float>(v); });
  }
  const TrainedNetwork network = {
      weights.model, make_views(layout, weights.model, flat), request.joint, {weights.minimum, weights.range}};
  PredictAnswer answer;
  for (const PatientFiles& patient : request.cohort.patients) {
    PatientPrediction p =
        predict(network, bag_tensor(read_patient(patient, weights.width), flat), request.cohort.name, patient.name);
    answer.predictions.push_back(std::move(p.prediction));
    answer.embeddings.push_back(std::move(p.embedding));
  }
  return answer;
}

}  // namespace mtlgrid

#include "trainer/training/predict_cohort.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <algorithm>

#include "base/errors.h"
#include "datasets/bags/patient_bag.h"
#include "trainer/contract/parameters.h"
#include "trainer/formats/state_dict.h"
#include "trainer/formats/weights.h"
#include "trainer/training/prediction.h"

namespace mtlgrid {
PredictAnswer predict_cohort(const PredictRequest& request) {
  at::set_num_threads(request.threads);
  const Weights weights = read_weights_file(request.weights.file);
  require_weights_of(weights, request.weights.file, request.weights.cell, request.weights.grid);
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
    const Bag bag = read_patient_bag(request.cohort.name, patient.name, patient.files, weights.width);
    PatientPrediction p = predict(network, bag_tensor(view_of(bag), flat), request.cohort.name, patient.name);
    answer.predictions.push_back(std::move(p.prediction));
    answer.embeddings.push_back(std::move(p.embedding));
  }
  return answer;
}

}  // namespace mtlgrid

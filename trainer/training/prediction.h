// Predictions of a trained network on a cohort. Torch.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "datasets/features/features.h"
#include "datasets/splits/scaling.h"
#include "results/records/records.h"
#include "trainer/network/model.h"

namespace mtlgrid {

// What predictions need. `parameters` are views of a buffer that must not change during a prediction.
struct TrainedNetwork {
  ModelSettings model;
  ModelView parameters;
  bool joint = true;  // false: the class token alone
  MinMax scaling;     // of the regression target
};

struct PatientPrediction {
  Prediction prediction;  // label 0 and target NaN: the caller may know them
  Embedding embedding;    // the decoded class token, d_model values
};

// A bag as a tensor without a copy: float16 [N, D] on the CPU, read-only, valid as long as the view.
at::Tensor half_tensor(const BagView& bag);
// A bag in the type and on the device of `like`, [N, D].
at::Tensor bag_tensor(const BagView& bag, const at::Tensor& like);

// Evaluation mode (no dropout). Score and log odds of the positive class; the regression in table units, NaN where the
// network is not joint. Throws Error(cell_failed) naming cohort and patient if an output is not finite.
PatientPrediction predict(const TrainedNetwork& network, const at::Tensor& bag, const std::string& cohort,
                          const std::string& patient);

}  // namespace mtlgrid

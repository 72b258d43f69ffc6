// Predictions of a trained network on a cohort. Torch.
#pragma once

#include <vector>

#include "results/records.h"
#include "trainer/cell_data.h"
#include "trainer/step.h"

namespace mtlgrid {

struct CohortPredictions {
  std::vector<Prediction> predictions;
  std::vector<Embedding> embeddings;  // in the same order: the decoded class token, d_model values
};

// A bag as float32 on the network's device, [N, D].
at::Tensor bag_tensor(const Bag& bag, at::Device device);

// Evaluation mode (no dropout) with the parameters `flat` [1, P]. Score and log odds of the positive class; the
// regression in table units, NaN in `baseline`. Throws Error(cell_failed) naming cohort and patient if an output is not
// finite.
Prediction predict(const MethodStep& step, const at::Tensor& flat, const at::Tensor& bag, const MinMax& scaling,
                   std::vector<float>& embedding);

}  // namespace mtlgrid

// Predictions of a trained network on a cohort. Torch.
#pragma once

#include <vector>

#include "results/records.h"
#include "trainer/cell_data.h"
#include "trainer/step.h"

namespace mtlgrid {

// A bag in the type and on the device of `like`, [N, D].
at::Tensor bag_tensor(const Bag& bag, const at::Tensor& like);

// Evaluation mode (no dropout) with the parameters `flat` [1, P]. Score and log odds of the positive class; the
// regression in table units, NaN in `baseline`. Throws Error(cell_failed) naming cohort and patient if an output is not
// finite.
Prediction predict(const MethodStep& step, const at::Tensor& flat, const at::Tensor& bag, const MinMax& scaling,
                   std::vector<float>& embedding);

}  // namespace mtlgrid

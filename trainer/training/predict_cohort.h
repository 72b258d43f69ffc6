// Predictions of a finished cell's network for a new cohort. Torch.
#pragma once

#include "trainer/contract/requests.h"

namespace mtlgrid {

// Sets torch's threads. Throws InputError if weights or features cannot be read or do not fit each other,
// Error(cell_failed) naming the patient if an output is not finite.
PredictAnswer predict_cohort(const PredictRequest& request);

}  // namespace mtlgrid

// Predictions of a finished cell's network for a new cohort. Torch.
#pragma once

#include "trainer/contract/requests.h"

namespace mtlgrid {

// Sets torch's threads. Throws InputError if the weights cannot be read, are another cell's or do not fit the features,
// FeaturesChanged if those are not the ones that were checked, Error(cell_failed) naming the patient if an output is
// not finite.
PredictAnswer predict_cohort(const PredictRequest& request);

}  // namespace mtlgrid

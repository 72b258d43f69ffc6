// A patient as the network sees it, and the place of a step in the training.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

namespace mtlgrid {

struct Example {
  at::Tensor bag;  // [N, D], of the parameters' type
  int label = 0;
  double target = 0;  // scaled
  std::string patient;
};

// Where a step is, for messages and random streams.
struct StepPlace {
  int epoch = 1;            // from 1
  int step = 0;             // within the epoch
  std::int64_t number = 0;  // of all steps before this one
};

// "epoch 2, step 5, patient P1", the step counted from 1.
inline std::string describe(const StepPlace& place, const std::string& patient) {
  return "epoch " + std::to_string(place.epoch) + ", step " + std::to_string(place.step + 1) + ", patient " + patient;
}

}  // namespace mtlgrid

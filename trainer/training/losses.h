// The losses of both tasks and their gradients by the network's outputs, in double on the CPU.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <vector>

#include "trainer/network/passes.h"
#include "trainer/training/example.h"

namespace mtlgrid {

inline constexpr const char* kTaskNames[] = {"classification", "regression"};

// Unweighted losses: cross-entropy in nats, squared error of the scaled target (NaN where there is no regression).
using TaskLosses = std::array<double, 2>;
// Of one member, in double from the network's outputs (those of a ForwardPass).
TaskLosses task_losses(const at::Tensor& outputs, int label, double target, std::int64_t member = 0);
inline TaskLosses task_losses(const ForwardPass& pass, int label, double target, std::int64_t member = 0) {
  return task_losses(pass.outputs, label, target, member);
}

// Derivatives of both losses by what they depend on: the logit of the positive class (that of the other: the negative),
// and the regression.
TaskLosses loss_slopes(const at::Tensor& outputs, const Example& example, std::int64_t member);

// Whether all outputs of one member are finite.
bool outputs_finite(const at::Tensor& outputs, std::int64_t member);

// Gradients by the outputs of K sums of the losses a member, sum_k factors[f][r][k] L_k: logits [F, K, 2] and
// regression [F, K, 1], undefined without regression; float64 on the CPU.
struct OutputGradients {
  at::Tensor logits, regression;
};
OutputGradients output_gradients(const at::Tensor& outputs, const Example& example,
                                 const std::vector<std::vector<std::vector<double>>>& factors);

}  // namespace mtlgrid

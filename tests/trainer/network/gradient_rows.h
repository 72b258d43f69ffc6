// A network's outputs and task gradients in the fewest words, for tests of the model.
#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/ops/zeros.h>

#include <cmath>

#include "tests/trainer/kernels/tensors.h"
#include "trainer/network/model.h"

namespace mtlgrid::testing {

// Gradients of both losses (or of the classification alone) by the outputs, one row each.
struct OutputRows {
  at::Tensor logits, regression;
};
inline OutputRows output_rows(const ForwardPass& pass, int label, double target) {
  const std::int64_t members = pass.logits.size(0), tasks = pass.regression.defined() ? 2 : 1;
  OutputRows g = {at::zeros({members, tasks, 2}, pass.logits.options()), {}};
  if (tasks == 2) g.regression = at::zeros({members, tasks, 1}, pass.logits.options());
  for (std::int64_t f = 0; f < members; ++f) {
    const double odds = (pass.logits[f][0][1] - pass.logits[f][0][0]).item<double>();
    const double error = 1 / (1 + std::exp(-odds)) - label;
    g.logits[f][0][0].fill_(-error);
    g.logits[f][0][1].fill_(error);
    if (tasks == 2) g.regression[f][1][0].fill_(2 * (pass.regression[f][0][0].item<double>() - target));
  }
  return g;
}

struct GradientRows {
  GradientRows(const ParameterLayout& layout, const ModelSettings& model, std::int64_t rows, at::ScalarType type)
      : flat(at::zeros({rows, layout.total}, at::TensorOptions().dtype(type))), view(make_views(layout, model, flat)) {}
  at::Tensor flat;
  ModelView view;
};

}  // namespace mtlgrid::testing

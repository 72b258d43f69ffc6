// The network: forward pass over one bag and the gradients of K tasks. Torch.
//
// Pure functions of (parameters, bag, masks), for F members of a pack at once; F = 1 is the plain case. float32, or
// float64 in tests.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "trainer/kernels/dropout.h"
#include "trainer/kernels/rows.h"
#include "trainer/kernels/views.h"
#include "trainer/network/cross_attention.h"
#include "trainer/network/self_attention.h"

namespace mtlgrid {

struct FeedForwardSaved {
  at::Tensor x, hidden;  // hidden: after ReLU and dropout
};

struct EncoderLayerSaved {
  SelfAttentionSaved attention;
  FeedForwardSaved feed_forward;
  NormSaved norm1, norm2;
  at::Tensor attention_mask, outer_mask;
};

struct DecoderLayerSaved {
  SelfAttentionSaved self_attention;
  CrossAttentionSaved cross_attention;
  FeedForwardSaved feed_forward;
  NormSaved norm1, norm2, norm3;
  at::Tensor attention_mask, cross_mask, outer_mask;
};

// The results of a forward pass, and what the backward pass needs of it.
struct ForwardPass {
  at::Tensor logits;      // [F, 1, 2], index 1 = positive
  at::Tensor regression;  // [F, 1, 1]; undefined with one token
  at::Tensor tokens;      // decoded query tokens [F, T, d]; row 0 is the embedding
  at::Tensor outputs;     // the same as [F, 2] or [F, 3], float64 (on the CPU, from forward()): logits, regression
  at::Tensor bag, projected;
  double kept = 1;  // 1 / (1 - p) where there is dropout
  std::vector<EncoderLayerSaved> encoder;
  std::vector<DecoderLayerSaved> decoder;
};

// `bag` [N, D], N >= 1, of the parameters' type. `joint`: both query tokens (class, regression), else the class token
// alone. `masks`: training with dropout; null: evaluation.
ForwardPass forward(const ModelView& parameters, const ModelSettings& model, const at::Tensor& bag, bool joint,
                    const DropoutMasks* masks);

// The same, with the outputs on the network's device: does not wait for a GPU.
ForwardPass forward_there(const ModelView& parameters, const ModelSettings& model, const at::Tensor& bag, bool joint,
                          const DropoutMasks* masks);

// Gradients of K scalars (one a task, or one weighted sum of them) by all parameters the pass used, written into
// `gradients` (views with F K rows). `logits` [F, K, 2] and `regression` [F, K, 1] are the scalars' gradients by the
// outputs; `regression` undefined where the pass had one token: the regression's token and head are then not written.
void backward(const ModelView& parameters, const ForwardPass& pass, const at::Tensor& logits,
              const at::Tensor& regression, const ModelView& gradients);

}  // namespace mtlgrid

// The network's parameters (or their gradients) as tensors that alias a flat buffer. Torch.
//
// B is the number of rows in the buffer: F members for parameters, F x K (member-major) for gradients of K tasks.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "trainer/contract/parameters.h"

namespace mtlgrid {

struct LinearView {
  at::Tensor weight;  // [B, out, in]
  at::Tensor bias;    // [B, 1, out]
  // Rows [begin, begin + count) of the layer: a layer with `count` outputs.
  LinearView rows(std::int64_t begin, std::int64_t count) const;
};

struct NormView {
  at::Tensor weight, bias;  // [B, 1, d]
};

struct AttentionView {
  LinearView in;   // query, key, value stacked: [B, 3d, d]
  LinearView out;  // [B, d, d]
};

struct EncoderLayerView {
  AttentionView self_attention;
  LinearView linear1, linear2;
  NormView norm1, norm2;
};

struct DecoderLayerView {
  AttentionView self_attention, cross_attention;
  LinearView linear1, linear2;
  NormView norm1, norm2, norm3;
};

struct ModelView {
  LinearView projector;
  std::vector<EncoderLayerView> encoder;
  std::vector<DecoderLayerView> decoder;
  at::Tensor class_token, regression_token;  // [B, 1, d]
  LinearView class_head, regression_head;
};

// Views of `shared` [B, layout.shared] and `own` [B, layout.total - layout.shared], with which they share ownership of
// the storage. Last dimension contiguous, any row stride.
ModelView make_views(const ParameterLayout& layout, const ModelSettings& model, const at::Tensor& shared,
                     const at::Tensor& own);
// The same for one buffer `flat` [B, layout.total].
ModelView make_views(const ParameterLayout& layout, const ModelSettings& model, const at::Tensor& flat);

}  // namespace mtlgrid

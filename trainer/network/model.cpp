#include "trainer/network/model.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>

#include "trainer/kernels/products.h"
#include "trainer/network/linear.h"

namespace mtlgrid {
namespace {

// W2 drop(relu(W1 x + b1)), without b2; `mask` [n, ff].
at::Tensor feed_forward(const LinearView& linear1, const LinearView& linear2, const at::Tensor& x,
                        const at::Tensor& mask, FeedForwardSaved& saved) {
  saved.x = x;
  saved.hidden = project(linear1, x);
  bias_relu_drop_(saved.hidden, linear1.bias, mask);
  return project(linear2, saved.hidden);
}

// Adds the gradient by x to `by_x`.
void feed_forward_backward(const LinearView& linear1, const LinearView& linear2, const FeedForwardSaved& saved,
                           double kept, const at::Tensor& g, const LinearView& grad1, const LinearView& grad2,
                           const at::Tensor& by_x) {
  project_backward(saved.hidden, g, grad2.weight);
  const at::Tensor by_hidden = product(g, linear2.weight);
  bias_relu_drop_backward_(by_hidden, saved.hidden, kept, grad1.bias);
  project_backward(saved.x, by_hidden, grad1.weight);
  multiply_add(by_x, by_hidden, linear1.weight);
}

at::Tensor encoder_forward(const EncoderLayerView& p, const ModelSettings& m, int layer, const at::Tensor& x,
                           const DropoutMasks* masks, EncoderLayerSaved& saved) {
  const std::int64_t n = x.size(1);
  AttentionMask weights;
  at::Tensor inner;
  if (masks) {
    weights = masks->encoder_weights(layer, m.heads, n);
    saved.attention_mask = masks->encoder_rows(layer, DropoutKind::attention, n, m.d_model);
    inner = masks->encoder_rows(layer, DropoutKind::inner, n, m.ff);
    saved.outer_mask = masks->encoder_rows(layer, DropoutKind::outer, n, m.d_model);
  }
  at::Tensor y = self_attention(p.self_attention, m.heads, x, weights, saved.attention);
  const at::Tensor x1 = add_drop_norm(x, y, p.self_attention.out.bias, saved.attention_mask, p.norm1, saved.norm1);
  y = feed_forward(p.linear1, p.linear2, x1, inner, saved.feed_forward);
  return add_drop_norm(x1, y, p.linear2.bias, saved.outer_mask, p.norm2, saved.norm2);
}

at::Tensor encoder_backward(const EncoderLayerView& p, const EncoderLayerSaved& saved, double kept, const at::Tensor& g,
                            const EncoderLayerView& grad) {
  const auto outer = add_drop_norm_backward(p.norm2, saved.norm2, g, saved.outer_mask, grad.norm2, grad.linear2.bias);
  feed_forward_backward(p.linear1, p.linear2, saved.feed_forward, kept, outer.y, grad.linear1, grad.linear2, outer.x);
  const auto inner = add_drop_norm_backward(p.norm1, saved.norm1, outer.x, saved.attention_mask, grad.norm1,
                                            grad.self_attention.out.bias);
  self_attention_backward(p.self_attention, saved.attention, inner.y, grad.self_attention, inner.x);
  return inner.x;
}

at::Tensor decoder_forward(const DecoderLayerView& p, const ModelSettings& m, int layer, const at::Tensor& t,
                           const at::Tensor& memory, const DropoutMasks* masks, DecoderLayerSaved& saved) {
  const std::int64_t tokens = t.size(1);
  AttentionMask weights;
  at::Tensor cross, inner;
  if (masks) {
    weights = masks->decoder_weights(layer, m.heads, tokens);
    saved.attention_mask = masks->decoder_rows(layer, DropoutKind::attention, tokens, m.d_model);
    cross = masks->cross_weights(layer, m.heads, tokens, memory.size(1));
    saved.cross_mask = masks->decoder_rows(layer, DropoutKind::cross_attention, tokens, m.d_model);
    inner = masks->decoder_rows(layer, DropoutKind::inner, tokens, m.ff);
    saved.outer_mask = masks->decoder_rows(layer, DropoutKind::outer, tokens, m.d_model);
  }
  at::Tensor y = self_attention(p.self_attention, m.heads, t, weights, saved.self_attention);
  const at::Tensor t1 = add_drop_norm(t, y, p.self_attention.out.bias, saved.attention_mask, p.norm1, saved.norm1);
  y = cross_attention(p.cross_attention, m.heads, t1, memory, cross, saved.cross_attention);
  const at::Tensor t2 = add_drop_norm(t1, y, p.cross_attention.out.bias, saved.cross_mask, p.norm2, saved.norm2);
  y = feed_forward(p.linear1, p.linear2, t2, inner, saved.feed_forward);
  return add_drop_norm(t2, y, p.linear2.bias, saved.outer_mask, p.norm3, saved.norm3);
}

at::Tensor decoder_backward(const DecoderLayerView& p, const DecoderLayerSaved& saved, double kept, const at::Tensor& g,
                            const DecoderLayerView& grad, const at::Tensor& by_memory) {
  const auto outer = add_drop_norm_backward(p.norm3, saved.norm3, g, saved.outer_mask, grad.norm3, grad.linear2.bias);
  feed_forward_backward(p.linear1, p.linear2, saved.feed_forward, kept, outer.y, grad.linear1, grad.linear2, outer.x);
  const auto middle = add_drop_norm_backward(p.norm2, saved.norm2, outer.x, saved.cross_mask, grad.norm2,
                                             grad.cross_attention.out.bias);
  cross_attention_backward(p.cross_attention, saved.cross_attention, middle.y, grad.cross_attention, middle.x,
                           by_memory);
  const auto inner = add_drop_norm_backward(p.norm1, saved.norm1, middle.x, saved.attention_mask, grad.norm1,
                                            grad.self_attention.out.bias);
  self_attention_backward(p.self_attention, saved.self_attention, inner.y, grad.self_attention, inner.x);
  return inner.x;
}

}  // namespace

ForwardPass forward(const ModelView& p, const ModelSettings& model, const at::Tensor& bag, bool joint,
                    const DropoutMasks* masks) {
  const c10::InferenceMode guard;
  ForwardPass pass = forward_there(p, model, bag, joint, masks);
  pass.outputs = pass.outputs.cpu();  // a GPU is waited for once
  return pass;
}

ForwardPass forward_there(const ModelView& p, const ModelSettings& model, const at::Tensor& bag, bool joint,
                          const DropoutMasks* masks) {
  const c10::InferenceMode guard;
  const std::int64_t members = p.projector.weight.size(0);
  ForwardPass pass;
  pass.bag = bag.unsqueeze(0).expand({members, bag.size(0), bag.size(1)});
  if (masks) pass.kept = 1 / (1 - masks->p());
  pass.projected = project(p.projector, pass.bag);
  bias_relu_drop_(pass.projected, p.projector.bias, {});
  at::Tensor memory = pass.projected;
  pass.encoder.resize(p.encoder.size());
  for (std::size_t i = 0; i < p.encoder.size(); ++i) {
    memory = encoder_forward(p.encoder[i], model, static_cast<int>(i), memory, masks, pass.encoder[i]);
  }
  at::Tensor t = joint ? at::cat({p.class_token, p.regression_token}, 1) : p.class_token;
  pass.decoder.resize(p.decoder.size());
  for (std::size_t i = 0; i < p.decoder.size(); ++i) {
    t = decoder_forward(p.decoder[i], model, static_cast<int>(i), t, memory, masks, pass.decoder[i]);
  }
  pass.tokens = t;
  pass.logits = linear(p.class_head, t.narrow(1, 0, 1));
  pass.outputs = pass.logits.squeeze(1);
  if (joint) {
    pass.regression = linear(p.regression_head, t.narrow(1, 1, 1));
    pass.outputs = at::cat({pass.outputs, pass.regression.squeeze(1)}, 1);
  }
  pass.outputs = pass.outputs.to(at::kDouble);
  return pass;
}

void backward(const ModelView& p, const ForwardPass& pass, const at::Tensor& logits, const at::Tensor& regression,
              const ModelView& gradients) {
  const c10::InferenceMode guard;
  const std::int64_t members = logits.size(0), tasks = logits.size(1), d = pass.tokens.size(2);
  const std::int64_t tokens = pass.tokens.size(1), n = pass.projected.size(1);
  at::Tensor g = at::empty({members, tasks, tokens, d}, pass.tokens.options());
  g.select(2, 0).copy_(linear_backward(p.class_head, pass.tokens.narrow(1, 0, 1), logits, gradients.class_head));
  if (tokens > 1) {
    g.select(2, 1).copy_(
        linear_backward(p.regression_head, pass.tokens.narrow(1, 1, 1), regression, gradients.regression_head));
  }
  g = g.view({members, tasks * tokens, d});
  const at::Tensor by_memory = at::zeros({members, tasks * n, d}, g.options());
  for (std::size_t i = p.decoder.size(); i-- > 0;) {
    g = decoder_backward(p.decoder[i], pass.decoder[i], pass.kept, g, gradients.decoder[i], by_memory);
  }
  const at::Tensor token_gradient = g.view({members * tasks, tokens, d});
  gradients.class_token.copy_(token_gradient.narrow(1, 0, 1));
  if (tokens > 1) gradients.regression_token.copy_(token_gradient.narrow(1, 1, 1));
  g = by_memory;
  for (std::size_t i = p.encoder.size(); i-- > 0;) {
    g = encoder_backward(p.encoder[i], pass.encoder[i], pass.kept, g, gradients.encoder[i]);
  }
  bias_relu_drop_backward_(g, pass.projected, 1, gradients.projector.bias);
  project_backward(pass.bag, g, gradients.projector.weight);
}

}  // namespace mtlgrid

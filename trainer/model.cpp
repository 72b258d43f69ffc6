#include "trainer/model.h"

#include <ATen/ops/bmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/threshold_backward.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>

namespace mtlgrid {
namespace {

at::Tensor encoder_forward(const EncoderLayerView& p, const ModelSettings& m, int layer, const at::Tensor& x,
                           const DropoutMasks* masks, EncoderLayerSaved& saved) {
  const std::int64_t n = x.size(1);
  at::Tensor weights, inner;
  if (masks) {
    weights = masks->encoder_weights(layer, m.heads, n);
    saved.attention_mask = masks->encoder_rows(layer, DropoutKind::attention, n, m.d_model);
    inner = masks->encoder_rows(layer, DropoutKind::inner, n, m.ff);
    saved.outer_mask = masks->encoder_rows(layer, DropoutKind::outer, n, m.d_model);
  }
  at::Tensor y = drop_(self_attention(p.self_attention, m.heads, x, weights, saved.attention), saved.attention_mask);
  const at::Tensor x1 = layer_norm(p.norm1, y.add_(x), saved.norm1);
  y = drop_(feed_forward(p.linear1, p.linear2, x1, inner, masks ? masks->p() : 0, saved.feed_forward),
            saved.outer_mask);
  return layer_norm(p.norm2, y.add_(x1), saved.norm2);
}

at::Tensor encoder_backward(const EncoderLayerView& p, const EncoderLayerSaved& saved, const at::Tensor& g,
                            const EncoderLayerView& grad) {
  at::Tensor h = layer_norm_backward(p.norm2, saved.norm2, g, grad.norm2);
  h.add_(feed_forward_backward(p.linear1, p.linear2, saved.feed_forward, drop_backward(h, saved.outer_mask),
                               grad.linear1, grad.linear2));
  h = layer_norm_backward(p.norm1, saved.norm1, h, grad.norm1);
  h.add_(self_attention_backward(p.self_attention, saved.attention, drop_backward(h, saved.attention_mask),
                                 grad.self_attention));
  return h;
}

at::Tensor decoder_forward(const DecoderLayerView& p, const ModelSettings& m, int layer, const at::Tensor& t,
                           const at::Tensor& memory, const DropoutMasks* masks, DecoderLayerSaved& saved) {
  const std::int64_t tokens = t.size(1);
  at::Tensor weights, cross, inner;
  if (masks) {
    weights = masks->decoder_weights(layer, m.heads, tokens);
    saved.attention_mask = masks->decoder_rows(layer, DropoutKind::attention, tokens, m.d_model);
    cross = masks->cross_weights(layer, m.heads, tokens, memory.size(1));
    saved.cross_mask = masks->decoder_rows(layer, DropoutKind::cross_attention, tokens, m.d_model);
    inner = masks->decoder_rows(layer, DropoutKind::inner, tokens, m.ff);
    saved.outer_mask = masks->decoder_rows(layer, DropoutKind::outer, tokens, m.d_model);
  }
  at::Tensor y =
      drop_(self_attention(p.self_attention, m.heads, t, weights, saved.self_attention), saved.attention_mask);
  const at::Tensor t1 = layer_norm(p.norm1, y.add_(t), saved.norm1);
  y = drop_(cross_attention(p.cross_attention, m.heads, t1, memory, cross, saved.cross_attention), saved.cross_mask);
  const at::Tensor t2 = layer_norm(p.norm2, y.add_(t1), saved.norm2);
  y = drop_(feed_forward(p.linear1, p.linear2, t2, inner, masks ? masks->p() : 0, saved.feed_forward),
            saved.outer_mask);
  return layer_norm(p.norm3, y.add_(t2), saved.norm3);
}

at::Tensor decoder_backward(const DecoderLayerView& p, const DecoderLayerSaved& saved, const at::Tensor& g,
                            const DecoderLayerView& grad, at::Tensor& memory_gradient) {
  at::Tensor h = layer_norm_backward(p.norm3, saved.norm3, g, grad.norm3);
  h.add_(feed_forward_backward(p.linear1, p.linear2, saved.feed_forward, drop_backward(h, saved.outer_mask),
                               grad.linear1, grad.linear2));
  h = layer_norm_backward(p.norm2, saved.norm2, h, grad.norm2);
  h.add_(cross_attention_backward(p.cross_attention, saved.cross_attention, drop_backward(h, saved.cross_mask),
                                  grad.cross_attention, memory_gradient));
  h = layer_norm_backward(p.norm1, saved.norm1, h, grad.norm1);
  h.add_(self_attention_backward(p.self_attention, saved.self_attention, drop_backward(h, saved.attention_mask),
                                 grad.self_attention));
  return h;
}

}  // namespace

ForwardPass forward(const ModelView& p, const ModelSettings& model, const at::Tensor& bag, bool joint,
                    const DropoutMasks* masks) {
  const c10::InferenceMode guard;
  const std::int64_t members = p.projector.weight.size(0);
  ForwardPass pass;
  pass.bag = bag.unsqueeze(0).expand({members, bag.size(0), bag.size(1)});
  pass.projected = linear(p.projector, pass.bag).relu_();
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
  if (joint) pass.regression = linear(p.regression_head, t.narrow(1, 1, 1));
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
  at::Tensor memory_gradient = at::zeros({members, tasks * n, d}, g.options());
  for (std::size_t i = p.decoder.size(); i-- > 0;) {
    g = decoder_backward(p.decoder[i], pass.decoder[i], g, gradients.decoder[i], memory_gradient);
  }
  const at::Tensor token_gradient = g.view({members * tasks, tokens, d});
  gradients.class_token.copy_(token_gradient.narrow(1, 0, 1));
  if (tokens > 1) gradients.regression_token.copy_(token_gradient.narrow(1, 1, 1));
  g = memory_gradient;
  for (std::size_t i = p.encoder.size(); i-- > 0;) {
    g = encoder_backward(p.encoder[i], pass.encoder[i], g, gradients.encoder[i]);
  }
  g = at::threshold_backward(g.view({members, tasks, n, d}), pass.projected.unsqueeze(1), 0);
  linear_backward(p.projector, pass.bag, g.view({members, tasks * n, d}), gradients.projector, false);
}

}  // namespace mtlgrid

#include "trainer/kernels/views.h"

#include "base/errors.h"

namespace mtlgrid {
namespace {

// Hands out the buffer's tensors in the order of the layout.
class Cursor {
 public:
  Cursor(const ParameterLayout& layout, const at::Tensor& shared, const at::Tensor& own)
      : layout_(layout), shared_(shared), own_(own) {}

  at::Tensor next() {
    const ParameterSpec& p = layout_.parameters.at(i_++);
    const bool in_shared = p.offset < layout_.shared;
    const at::Tensor& buffer = in_shared ? shared_ : own_;
    std::vector<std::int64_t> shape = {buffer.size(0)};
    if (p.shape.size() == 1) shape.push_back(1);  // vectors are rows, ready to be broadcast over tiles
    shape.insert(shape.end(), p.shape.begin(), p.shape.end());
    return buffer.narrow(1, p.offset - (in_shared ? 0 : layout_.shared), p.size).view(shape);
  }
  LinearView linear() {
    at::Tensor weight = next();
    return {weight, next()};
  }
  NormView norm() {
    at::Tensor weight = next();
    return {weight, next()};
  }
  AttentionView attention() {
    LinearView in = linear();
    return {in, linear()};
  }
  bool at_end() const { return i_ == layout_.parameters.size(); }

 private:
  const ParameterLayout& layout_;
  const at::Tensor &shared_, &own_;
  std::size_t i_ = 0;
};

}  // namespace

LinearView LinearView::rows(std::int64_t begin, std::int64_t count) const {
  return {weight.narrow(1, begin, count), bias.narrow(2, begin, count)};
}

ModelView make_views(const ParameterLayout& layout, const ModelSettings& model, const at::Tensor& shared,
                     const at::Tensor& own) {
  Cursor c(layout, shared, own);
  ModelView v;
  v.projector = c.linear();
  for (int i = 0; i < model.encoder_layers; ++i) {
    EncoderLayerView layer;
    layer.self_attention = c.attention();
    layer.linear1 = c.linear();
    layer.linear2 = c.linear();
    layer.norm1 = c.norm();
    layer.norm2 = c.norm();
    v.encoder.push_back(std::move(layer));
  }
  for (int i = 0; i < model.decoder_layers; ++i) {
    DecoderLayerView layer;
    layer.self_attention = c.attention();
    layer.cross_attention = c.attention();
    layer.linear1 = c.linear();
    layer.linear2 = c.linear();
    layer.norm1 = c.norm();
    layer.norm2 = c.norm();
    layer.norm3 = c.norm();
    v.decoder.push_back(std::move(layer));
  }
  v.class_token = c.next();
  v.class_head = c.linear();
  v.regression_token = c.next();
  v.regression_head = c.linear();
  if (!c.at_end()) throw Error(ErrorKind::fatal, "views: the layout has more parameters than the model");
  return v;
}

ModelView make_views(const ParameterLayout& layout, const ModelSettings& model, const at::Tensor& flat) {
  return make_views(layout, model, flat.narrow(1, 0, layout.shared),
                    flat.narrow(1, layout.shared, layout.total - layout.shared));
}

}  // namespace mtlgrid

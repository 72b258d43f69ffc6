// CTransPath by ATen's operations: on a GPU, in bf16, in float64, and where there are no kernels for swin_network.h.
// Torch.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <map>
#include <string>

#include "trainer/formats/ctranspath_weights.h"

namespace mtlgrid::swin {

class Reference {
 public:
  // Weights of type `type` (float64, float32, bfloat16) on `device`.
  Reference(const ctranspath::Weights& weights, at::ScalarType type, at::Device device);
  // Features [n, 768] in float32 or float64 on the CPU, of tiles [n, 224, 224, 3], bytes on the CPU. With bfloat16 the
  // pixels are normalised in float32, and the last mean is formed in float32.
  at::Tensor run(const at::Tensor& tiles) const;

 private:
  at::Tensor stem(const at::Tensor& tiles) const;
  at::Tensor block(const std::string& name, const ctranspath::Stage& stage, bool shift, const at::Tensor& x) const;
  at::Tensor attention(const std::string& name, const ctranspath::Stage& stage, bool shift, const at::Tensor& x) const;
  at::Tensor merge(const std::string& name, const at::Tensor& x) const;
  at::Tensor norm(const std::string& name, const at::Tensor& x) const;
  at::Tensor linear(const std::string& name, const at::Tensor& x) const;

  std::map<std::string, at::Tensor> weights_;
  std::map<std::string, at::Tensor> bias_;  // of attention: [1, heads, 49, 49], with shift [windows, heads, 49, 49]
  at::Tensor mean_, deviation_;             // of pixels, [3, 1, 1]
};

}  // namespace mtlgrid::swin

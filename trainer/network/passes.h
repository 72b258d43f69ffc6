// The passes of training over one bag: forward under dropout, then backward into rows of gradients. Torch.
//
// On a GPU passes over small bags are recorded (gpu_graph.h) when a size comes for the second time, and played from
// then on; elsewhere, and for bags that keep a GPU busy by themselves, they are computed step by step. Both do the
// same operations.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <memory>

#include "trainer/network/model.h"

namespace mtlgrid {

// What of a network the passes use.
struct PassNetwork {
  ModelView parameters;  // F members
  ModelView gradients;   // F K rows
  ModelSettings model;
  bool joint = true;
};

// Recorded up to this many rows of activations (members times tiles): more than these fill a GPU, so that starting
// kernels one by one costs nothing. Guessed from the H100's rate: 5 ms of products.
inline constexpr std::int64_t kRecordedRows = 8192;
// Sizes that are recorded at most: a recording takes about 1 MB of the driver's memory (guessed).
inline constexpr std::size_t kRecordedSizes = 512;

class TrainingPasses {
 public:
  // `rows`: K. Nothing is recorded unless `record`, or where the parameters are not on a GPU.
  TrainingPasses(const PassNetwork& network, std::int64_t rows, bool record);
  ~TrainingPasses();

  // Outputs [F, 2] or [F, 3] as in ForwardPass, float64 on the CPU. `bag` [N, D] of the parameters' type and device.
  const at::Tensor& forward(const at::Tensor& bag, const DropoutMasks& masks);
  // After forward(), at most once: gradients of K sums of the losses a member, whose gradients by the outputs are
  // `by_logits` [F, K, 2] and `by_regression` [F, K, 1] (undefined without regression), float64 on the CPU.
  void backward(const at::Tensor& by_logits, const at::Tensor& by_regression);
  // The last forward pass, computed anew where it was played: with parameters as they are now.
  ForwardPass last(const at::Tensor& bag, const DropoutMasks& masks) const;
  // Lets go of the last forward pass, whose activations are what takes memory.
  void release() { pass_ = {}; }

  // Passes that were played so far; for tests.
  std::int64_t played() const { return played_; }

 private:
  struct Recorded;  // the passes over bags of one size
  Recorded* recorded(const at::Tensor& bag, const DropoutMasks& masks);

  PassNetwork network_;
  std::int64_t rows_;
  bool record_;
  at::Tensor input_;                                         // the bag that is played on: room for the largest
  std::map<std::int64_t, std::unique_ptr<Recorded>> sizes_;  // by N; null: seen once
  Recorded* first_ = nullptr;                                // of them; its memory serves all
  Recorded* playing_ = nullptr;                              // what the last forward pass came from; null: `pass_`
  ForwardPass pass_;
  at::Tensor outputs_;
  std::int64_t played_ = 0;
};

}  // namespace mtlgrid

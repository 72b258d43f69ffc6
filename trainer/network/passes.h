// The passes of training over one bag: forward under dropout, then backward into rows of gradients. Torch.
//
// On a GPU passes over small bags are recorded (gpu_graph.h) when a size occurs for the second time, and replayed from
// then on. On the CPU, and for bags that are large enough to keep a GPU busy, passes are computed operation by
// operation. Both do the same operations.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <memory>

#include "trainer/network/model.h"

namespace mtlgrid {

// The parts of a network that the passes use.
struct PassNetwork {
  ModelView parameters;  // F members
  ModelView gradients;   // F K rows
  ModelSettings model;
  bool joint = true;
};

// The largest number of rows of activations (members times tiles) that is recorded: more rows keep a GPU busy, so that
// launching kernels one by one costs nothing. Guessed from the H100's rate: 5 ms of products.
inline constexpr std::int64_t kRecordedRows = 8192;
// The largest number of sizes that are recorded: a recording takes about 1 MB of the driver's memory (guessed).
inline constexpr std::size_t kRecordedSizes = 512;

class TrainingPasses {
 public:
  // `rows`: K. Passes are recorded only with `record`, and only if the parameters are on a GPU.
  TrainingPasses(const PassNetwork& network, std::int64_t rows, bool record);
  ~TrainingPasses();

  // Outputs [F, 2] or [F, 3] as in ForwardPass, float64 on the CPU. `bag` [N, D] of the parameters' type and device.
  const at::Tensor& forward(const at::Tensor& bag, const DropoutMasks& masks);
  // After forward(), at most once: gradients of K sums of the losses a member, whose gradients by the outputs are
  // `by_logits` [F, K, 2] and `by_regression` [F, K, 1] (undefined without regression), float64 on the CPU.
  void backward(const at::Tensor& by_logits, const at::Tensor& by_regression);
  // The last forward pass; if it was a replay, it is computed again with the current parameters.
  ForwardPass last(const at::Tensor& bag, const DropoutMasks& masks) const;
  // Frees the last forward pass, whose activations take most of the memory.
  void release() { pass_ = {}; }

  // Number of passes replayed so far; for tests.
  std::int64_t played() const { return played_; }

 private:
  struct Recorded;  // the passes over bags of one size
  Recorded* recorded(const at::Tensor& bag, const DropoutMasks& masks);

  PassNetwork network_;
  std::int64_t rows_;
  bool record_;
  at::Tensor input_;                                         // the bag of a replay: room for the largest
  std::map<std::int64_t, std::unique_ptr<Recorded>> sizes_;  // by N; null: seen once
  Recorded* first_ = nullptr;                                // the first one; all share its memory
  Recorded* playing_ = nullptr;                              // the source of the last forward pass; null: `pass_`
  ForwardPass pass_;
  at::Tensor outputs_;
  std::int64_t played_ = 0;
};

}  // namespace mtlgrid

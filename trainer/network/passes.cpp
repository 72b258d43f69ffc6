#include "trainer/network/passes.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include "trainer/kernels/gpu_graph.h"

namespace mtlgrid {
namespace {

std::int64_t members_of(const PassNetwork& network) { return network.parameters.projector.weight.size(0); }

std::int64_t count(std::size_t n) { return static_cast<std::int64_t>(n); }

}  // namespace

// Values that change from bag to bag and step to step are in tensors that the recordings read and write.
struct TrainingPasses::Recorded {
  // `there`: the buffer for bags of this size; `first`: the recording whose memory these share; null: they get their
  // own.
  Recorded(const PassNetwork& network, std::int64_t rows, const at::Tensor& there, const DropoutMasks& masks,
           const gpu::Recording* first);
  void set(const at::Tensor& bag, const DropoutMasks& masks) {
    input.copy_(bag);
    std::vector<std::int64_t> numbers = keys_of(masks);
    keys.copy_(at::from_blob(numbers.data(), {count(numbers.size())}, at::kLong));
  }
  std::vector<std::int64_t> keys_of(const DropoutMasks& masks) const {
    return masks.keys(model.encoder_layers, model.decoder_layers);
  }

  const ModelSettings& model;
  at::Tensor input, keys, outputs, by_logits, by_regression;
  std::unique_ptr<gpu::Recording> forward, backward;
};

TrainingPasses::Recorded::Recorded(const PassNetwork& network, std::int64_t rows, const at::Tensor& there,
                                   const DropoutMasks& masks, const gpu::Recording* first)
    : model(network.model), input(there) {
  const std::int64_t members = members_of(network);
  const at::TensorOptions options = input.options();
  keys = at::empty({count(keys_of(masks).size())}, options.dtype(at::kLong));
  outputs = at::empty({members, network.joint ? 3 : 2}, options.dtype(at::kDouble));
  by_logits = at::empty({members, rows, 2}, options);
  if (network.joint) by_regression = at::empty({members, rows, 1}, options);
  const DropoutMasks played(keys, network.model.encoder_layers, masks.p(), input);
  ForwardPass pass;
  forward = std::make_unique<gpu::Recording>(first, [&] {
    pass = forward_there(network.parameters, network.model, input, network.joint, &played);
    outputs.copy_(pass.outputs);
  });
  backward = std::make_unique<gpu::Recording>(first != nullptr ? first : forward.get(), [&] {
    mtlgrid::backward(network.parameters, pass, by_logits, by_regression, network.gradients);
  });
}

TrainingPasses::TrainingPasses(const PassNetwork& network, std::int64_t rows, bool record)
    : network_(network),
      rows_(rows),
      record_(record && network.parameters.projector.weight.is_cuda() && gpu::can_record()) {}

TrainingPasses::~TrainingPasses() = default;

// Null: to be computed step by step.
TrainingPasses::Recorded* TrainingPasses::recorded(const at::Tensor& bag, const DropoutMasks& masks) {
  const std::int64_t n = bag.size(0);
  if (!record_ || n * members_of(network_) > kRecordedRows) return nullptr;
  const auto found = sizes_.find(n);
  if (found == sizes_.end()) {
    if (sizes_.size() < kRecordedSizes) sizes_.emplace(n, nullptr);
    return nullptr;
  }
  if (!found->second) {
    if (!input_.defined()) input_ = at::empty({kRecordedRows / members_of(network_), bag.size(1)}, bag.options());
    found->second = std::make_unique<Recorded>(network_, rows_, input_.narrow(0, 0, n), masks,
                                               first_ ? first_->forward.get() : nullptr);
    if (first_ == nullptr) first_ = found->second.get();
  }
  return found->second.get();
}

const at::Tensor& TrainingPasses::forward(const at::Tensor& bag, const DropoutMasks& masks) {
  release();
  playing_ = recorded(bag, masks);
  if (playing_ != nullptr) {
    playing_->set(bag, masks);
    playing_->forward->play();
    ++played_;
    outputs_ = playing_->outputs.cpu();
  } else {
    pass_ = mtlgrid::forward(network_.parameters, network_.model, bag, network_.joint, &masks);
    outputs_ = pass_.outputs;
  }
  return outputs_;
}

void TrainingPasses::backward(const at::Tensor& by_logits, const at::Tensor& by_regression) {
  if (playing_ != nullptr) {
    playing_->by_logits.copy_(by_logits);
    if (by_regression.defined()) playing_->by_regression.copy_(by_regression);
    playing_->backward->play();
    return;
  }
  const auto there = [&](const at::Tensor& t) { return t.defined() ? t.to(pass_.logits.options()) : t; };
  mtlgrid::backward(network_.parameters, pass_, there(by_logits), there(by_regression), network_.gradients);
}

ForwardPass TrainingPasses::last(const at::Tensor& bag, const DropoutMasks& masks) const {
  if (playing_ == nullptr) return pass_;
  return mtlgrid::forward(network_.parameters, network_.model, bag, network_.joint, &masks);
}

}  // namespace mtlgrid

#include "trainer/kernels/gpu_graph.h"

#include "base/errors.h"

#ifdef MTLGRID_CUDA
#include <ATen/cuda/CUDAGraph.h>
#include <c10/core/StreamGuard.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAStream.h>
#endif

namespace mtlgrid::gpu {

#ifdef MTLGRID_CUDA

bool can_record() { return true; }

struct Recording::Graph {
  at::cuda::CUDAGraph graph;
  std::shared_ptr<Graph> first;  // whose memory it takes; kept, since memory without a user is gone for good
};

namespace {

// Recordings are made in a stream of their own, since CUDA records none in the default one; the same for all, so that
// libraries keep one workspace for it.
c10::cuda::CUDAStream recording_stream() {
  static const c10::cuda::CUDAStream stream = c10::cuda::getStreamFromPool();
  return stream;
}

}  // namespace

Recording::Recording(const Recording* first, const std::function<void()>& f) {
  const std::shared_ptr<Graph> shared = first != nullptr ? first->graph_ : nullptr;
  try {
    record(shared, f);
  } catch (const c10::OutOfMemoryError&) {
    // While it records the allocator gives none of the memory that it keeps for later back to the device.
    c10::cuda::CUDACachingAllocator::emptyCache();
    record(shared, f);
  }
}

void Recording::record(const std::shared_ptr<Graph>& first, const std::function<void()>& f) {
  graph_ = std::make_shared<Graph>();
  graph_->first = first;
  const at::cuda::MempoolId_t memory = first ? first->graph.pool() : at::cuda::MempoolId_t{0, 0};  // 0: a new one
  c10::cuda::getCurrentCUDAStream().synchronize();
  const c10::StreamGuard guard(recording_stream().unwrap());
  graph_->graph.capture_begin(memory, cudaStreamCaptureModeThreadLocal);
  try {
    f();
  } catch (...) {
    try {
      graph_->graph.capture_end();
    } catch (const c10::Error&) {  // f's own error says more
    }
    throw;
  }
  graph_->graph.capture_end();
}

void Recording::play() { graph_->graph.replay(); }

#else

bool can_record() { return false; }

struct Recording::Graph {};

Recording::Recording(const Recording*, const std::function<void()>&) {
  throw Error(ErrorKind::fatal, "GPU recordings need a trainer that was built with CUDA");
}

void Recording::play() {}

#endif

Recording::~Recording() = default;
Recording::Recording(Recording&&) noexcept = default;

}  // namespace mtlgrid::gpu

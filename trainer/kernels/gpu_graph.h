// Work recorded once on a GPU and started again as a whole: CUDA graphs. Torch.
//
// A small bag's step is some hundred short kernels, and starting each costs the processor more than running it costs
// the GPU; a recording starts them at once.
#pragma once

#include <functional>
#include <memory>

namespace mtlgrid::gpu {

// Whether this program was built with LibTorch's CUDA set, which recording needs.
bool can_record();

// What a function started on the current GPU. Tensors that are made while it is recorded lie in memory of the
// recording's own, or in that of another one, which it then shares: their contents are good from a play() to the next
// play() of a recording with the same memory, unless they lived while that one was recorded. What is to last goes into
// tensors made before.
class Recording {
 public:
  // Runs f, which starts its work on the GPU and waits for none of it; the work is recorded and not done. Everything
  // that f uses for the first time (kernels, handles of libraries) must have been used before. `first`: the recording
  // whose memory this one shares; null: it gets its own. Where memory does not suffice f is run once more after what
  // the allocator kept unused was given back. Throws what f throws, and c10::Error where something cannot be recorded.
  Recording(const Recording* first, const std::function<void()>& f);
  ~Recording();
  Recording(Recording&&) noexcept;
  // Starts the work, on whatever the memory holds by now, after all that was started before.
  void play();

 private:
  struct Graph;
  void record(const std::shared_ptr<Graph>& first, const std::function<void()>& f);
  std::shared_ptr<Graph> graph_;
};

}  // namespace mtlgrid::gpu

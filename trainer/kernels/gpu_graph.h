// Recordings: work recorded once on a GPU and replayed as a whole (CUDA graphs). Torch.
//
// A step on a small bag is some hundred short kernels. Launching each costs the processor more time than running it
// costs the GPU; a recording launches all of them at once.
#pragma once

#include <functional>
#include <memory>

namespace mtlgrid::gpu {

// Whether this program was built with LibTorch's CUDA set, which recording needs.
bool can_record();

// The work that a function started on the current GPU. Tensors created while it is recorded use memory that belongs to
// the recording, or to another recording that shares its memory with this one. Their contents are valid from a play()
// to the next play() of a recording with the same memory, unless they existed while that one was recorded. Results that
// must last go into tensors created before the recording.
class Recording {
 public:
  // Runs f, which must start its work on the GPU without waiting for it; the work is recorded, not executed. Kernels
  // and library handles that f uses must have been used before. `first`: the recording whose memory this one shares;
  // null: it gets its own. If memory runs out, unused memory of the allocator is released and f is run once more.
  // Throws what f throws, and c10::Error if something cannot be recorded.
  Recording(const Recording* first, const std::function<void()>& f);
  ~Recording();
  Recording(Recording&&) noexcept;
  // Starts the work on the current contents of the memory, after all work that was started before.
  void play();

 private:
  struct Graph;
  void record(const std::shared_ptr<Graph>& first, const std::function<void()>& f);
  std::shared_ptr<Graph> graph_;
};

}  // namespace mtlgrid::gpu

// Copying tensors from one trainer to all: what staging needs of NCCL, and tests put a fake in its place. Torch.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>

namespace mtlgrid {

// How long something may take, and whether it is to end at once.
class Patience {
 public:
  using Clock = std::function<double()>;  // seconds; never goes back
  // `stop` is asked at every check().
  Patience(double seconds, std::function<bool()> stop, Clock clock = steady_seconds);
  // Throws Error(fatal): "stopped on request", or "timeout: WHAT took more than N s".
  void check(const std::string& what) const;
  // The same, with an end at most `seconds` from now.
  Patience at_most(double seconds) const;
  static double steady_seconds();

 private:
  std::function<bool()> stop_;
  Clock clock_;
  double seconds_, end_;
};

// One of `size()` trainers that make the same calls in the same order.
class Broadcaster {
 public:
  virtual ~Broadcaster() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;
  // Overwrites `values` by those of `root`: contiguous, int64 or float16, of the same type and number everywhere.
  // Returns when the copy is complete here. Throws Error if it fails, takes too long or is to stop; what `values` then
  // hold is undefined, and no further call is possible.
  virtual void broadcast(const at::Tensor& values, int root) = 0;
  // After the last broadcast: waits for the others and frees what was taken. Throws as broadcast does.
  virtual void finish() = 0;
};

}  // namespace mtlgrid

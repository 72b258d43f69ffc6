// Copies tensors from one trainer to all others: the part of NCCL that staging needs; tests substitute a fake. Torch.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>

namespace mtlgrid {

// A deadline for an activity, combined with a request to stop it.
class Patience {
 public:
  using Clock = std::function<double()>;  // seconds; never goes back
  // `stop` is called by every check().
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
  // Returns when the copy is complete here. Throws Error if it fails, exceeds its deadline or is to stop; the contents
  // of `values` are then undefined, and no further call is possible.
  virtual void broadcast(const at::Tensor& values, int root) = 0;
  // After the last broadcast: waits for the others and frees all resources. Throws as broadcast does.
  virtual void finish() = 0;
};

}  // namespace mtlgrid

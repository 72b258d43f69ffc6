// Bulk random numbers out of a named stream: dropout masks, GradDrop's U, initial weights. No torch.
//
// A fill's key is the first two words of block 0 of its stream; its numbers are Philox4x32-10 of counters 0, 1, ...
// under that key, laid out so that sixteen blocks are computed side by side in vector registers: element e of a fill
// is word (e % 64) / 16 of block 16 (e / 64) + e % 16. An element therefore depends on nothing but the stream and e:
// not on the length of the fill, the threads or the instruction set.
#pragma once

#include <cstdint>
#include <span>

#include "base/random.h"

namespace mtlgrid {

// Uniform in [0, 1), 24 bits.
void fill_uniform(const RandomStream& stream, std::span<float> out);

// The key of a stream's fill, for code that computes its numbers elsewhere (gpu_kernels.cu).
std::uint64_t fill_key(const RandomStream& stream);

// A dropout mask, p in [0, 1): 0 with probability p, else 1 / (1 - p). Any part can be made alone.
class DropoutFill {
 public:
  DropoutFill(const RandomStream& stream, double p);
  // Elements first, first + 1, ... The double version has the same zeros.
  void fill(std::uint64_t first, std::span<float> out) const;
  void fill(std::uint64_t first, std::span<double> out) const;
  // For GPUs alone (fill() must not be called): the key is table[index] in the GPU's memory at the time that numbers
  // are drawn.
  DropoutFill(const std::uint64_t* table, std::uint64_t index, double p);
  // An element is 0 where its word is below the threshold, else kept(). With a table, key() is the index.
  std::uint64_t key() const { return key_; }
  const std::uint64_t* table() const { return table_; }
  std::uint32_t threshold() const { return threshold_; }
  double kept() const { return kept_; }

 private:
  std::uint64_t key_;
  const std::uint64_t* table_ = nullptr;
  std::uint32_t threshold_;
  double kept_;
};

}  // namespace mtlgrid

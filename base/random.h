// Named random streams: every random number of the program is a pure function of (seed, name, counter).
//
// A stream's name says what it is for and for which pair, fold and repeat, never the method, rank or pack, so that all
// methods of a group see the same numbers and a cell gives the same result on any number of ranks.
// Generator: Philox4x32-10 (Salmon et al. 2011) from Random123; counter-based, so no state has to be saved and any
// number can be recomputed out of order (the dropout mask in the backward pass, for one).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace mtlgrid {

class RandomStream {
 public:
  // `name` is a path of words, e.g. "MSI/LF/3/dropout". Different names give independent streams.
  RandomStream(std::uint64_t seed, std::string_view name);
  // A stream below this one, e.g. stream.child(epoch).child(step): independent of it and of its other children.
  RandomStream child(std::uint64_t index) const;

  // Block number `block` of this stream: four 32-bit words.
  struct Block {
    std::uint32_t word[4];
  };
  Block block(std::uint64_t block) const;
  // Word number `counter` (word counter % 4 of block counter / 4).
  std::uint32_t bits(std::uint64_t counter) const;
  // Uniform in [0, 1) with 24 bits (exact in float) and with 53 bits (from words 2 counter and 2 counter + 1).
  float uniform_float(std::uint64_t counter) const;
  double uniform_double(std::uint64_t counter) const;
  // Uniform integer in [0, n), n > 0, without modulo bias (multiply-shift; a rejected word is replaced by the next
  // one). Sequential: takes words from `counter` on and advances it past them.
  std::uint32_t below(std::uint32_t n, std::uint64_t& counter) const;
  // The numbers of out.size() calls of below(), several times as fast: each block is computed once.
  void below(std::uint32_t n, std::uint64_t& counter, std::span<std::uint32_t> out) const;
  // A random permutation of 0..n-1 (Fisher-Yates from the end), words from 0 on.
  std::vector<std::uint32_t> permutation(std::uint32_t n) const;

 private:
  explicit RandomStream(std::uint64_t key) : key_(key) {}
  std::uint64_t key_;
};

}  // namespace mtlgrid

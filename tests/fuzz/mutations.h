// Changed inputs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace mtlgrid::fuzz {

inline constexpr std::size_t kLongestInput = std::size_t{1} << 16;

// The same seed and the same calls give the same inputs.
class Mutator {
 public:
  explicit Mutator(std::uint64_t seed) : random_(seed) {}
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }
  // One of `inputs`, which are not empty, with one to eight changes: bits, bytes, numbers, texts, parts that are
  // removed, doubled, or taken from another input.
  std::string mutate(const std::vector<std::string>& inputs);

 private:
  void change(std::string& input, const std::vector<std::string>& inputs);
  void change_bytes(std::string& input);
  void change_parts(std::string& input, const std::vector<std::string>& inputs);

  std::mt19937_64 random_;
};

}  // namespace mtlgrid::fuzz

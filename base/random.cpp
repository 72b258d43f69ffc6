#include "base/random.h"

#include <Random123/philox.h>
#include <xxhash.h>

#include <numeric>
#include <string>
#include <utility>

namespace mtlgrid {

RandomStream::RandomStream(std::uint64_t seed, std::string_view name)
    : key_(XXH3_64bits_withSeed(name.data(), name.size(), seed)) {}

RandomStream RandomStream::child(std::uint64_t index) const {
  const std::uint64_t words[2] = {key_, index};
  return RandomStream(XXH3_64bits(words, sizeof words));
}

RandomStream::Block RandomStream::block(std::uint64_t block) const {
  const r123::Philox4x32::ctr_type counter{
      {static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32), 0, 0}};
  const r123::Philox4x32::key_type key{{static_cast<std::uint32_t>(key_), static_cast<std::uint32_t>(key_ >> 32)}};
  const auto out = r123::Philox4x32()(counter, key);
  return {{out[0], out[1], out[2], out[3]}};
}

std::uint32_t RandomStream::bits(std::uint64_t counter) const { return block(counter / 4).word[counter % 4]; }

float RandomStream::uniform_float(std::uint64_t counter) const {
  return static_cast<float>(bits(counter) >> 8) * 0x1p-24f;
}

double RandomStream::uniform_double(std::uint64_t counter) const {
  const Block words = block(counter / 2);
  const std::uint64_t high = words.word[2 * (counter % 2)], low = words.word[2 * (counter % 2) + 1];
  return static_cast<double>((high << 21) ^ (low >> 11)) * 0x1p-53;
}

std::uint32_t RandomStream::below(std::uint32_t n, std::uint64_t& counter) const {
  std::uint32_t one = 0;
  below(n, counter, {&one, 1});
  return one;
}

void RandomStream::below(std::uint32_t n, std::uint64_t& counter, std::span<std::uint32_t> out) const {
  if (out.empty()) return;
  const std::uint32_t threshold = (0u - n) % n;  // Lemire 2019: reject the words that would favour small numbers
  Block words{};
  std::uint64_t held = counter / 4 + 1;  // the block in `words`: none yet
  for (std::size_t i = 0; i < out.size(); ++counter) {
    if (counter / 4 != held) words = block(held = counter / 4);
    const std::uint64_t product = static_cast<std::uint64_t>(words.word[counter % 4]) * n;
    if (static_cast<std::uint32_t>(product) < threshold) continue;
    out[i++] = static_cast<std::uint32_t>(product >> 32);
  }
}

std::vector<std::uint32_t> RandomStream::permutation(std::uint32_t n) const {
  std::vector<std::uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0u);
  std::uint64_t counter = 0;
  for (std::uint32_t i = n; i > 1; --i) std::swap(order[i - 1], order[below(i, counter)]);
  return order;
}

}  // namespace mtlgrid

#include "trainer/philox.h"

#include <algorithm>
#include <cmath>

#include "balancers/clones.h"

namespace mtlgrid {
namespace {

constexpr int kLanes = 16, kGroup = 4 * kLanes;

// Philox4x32-10 (Salmon et al. 2011, constants of Random123) of counters 16 group .. 16 group + 15.
[[gnu::always_inline]] inline void philox_group(std::uint64_t key, std::uint64_t group, std::uint32_t* out) {
  std::uint32_t c0[kLanes], c1[kLanes], c2[kLanes], c3[kLanes];
  for (int i = 0; i < kLanes; ++i) {
    const std::uint64_t counter = group * kLanes + static_cast<std::uint64_t>(i);
    c0[i] = static_cast<std::uint32_t>(counter);
    c1[i] = static_cast<std::uint32_t>(counter >> 32);
    c2[i] = c3[i] = 0;
  }
  auto k0 = static_cast<std::uint32_t>(key), k1 = static_cast<std::uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < kLanes; ++i) {
      const std::uint64_t a = static_cast<std::uint64_t>(c0[i]) * 0xD2511F53u;
      const std::uint64_t b = static_cast<std::uint64_t>(c2[i]) * 0xCD9E8D57u;
      c0[i] = static_cast<std::uint32_t>(b >> 32) ^ c1[i] ^ k0;
      c2[i] = static_cast<std::uint32_t>(a >> 32) ^ c3[i] ^ k1;
      c1[i] = static_cast<std::uint32_t>(b);
      c3[i] = static_cast<std::uint32_t>(a);
    }
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  for (int i = 0; i < kLanes; ++i) {
    out[i] = c0[i];
    out[kLanes + i] = c1[i];
    out[2 * kLanes + i] = c2[i];
    out[3 * kLanes + i] = c3[i];
  }
}

std::uint64_t key_of(const RandomStream& stream) {
  const RandomStream::Block block = stream.block(0);
  return block.word[0] | (static_cast<std::uint64_t>(block.word[1]) << 32);
}

// Calls `convert(words, n, out)` for every group of 64 words, the last one partial.
template <typename T, typename Convert>
[[gnu::always_inline]] inline void for_groups(std::uint64_t key, T* out, std::size_t n, const Convert& convert) {
  std::uint32_t words[kGroup];
  for (std::size_t begin = 0, group = 0; begin < n; begin += kGroup, ++group) {
    philox_group(key, group, words);
    convert(words, std::min<std::size_t>(kGroup, n - begin), out + begin);
  }
}

MTLGRID_CLONES void uniform(std::uint64_t key, float* out, std::size_t n) {
  for_groups(key, out, n, [](const std::uint32_t* words, std::size_t count, float* to) {
    for (std::size_t i = 0; i < count; ++i)
      to[i] = static_cast<float>(static_cast<std::int32_t>(words[i] >> 8)) * 0x1p-24f;
  });
}

MTLGRID_CLONES void dropout(std::uint64_t key, std::uint32_t threshold, float kept, float* out, std::size_t n) {
  for_groups(key, out, n, [=](const std::uint32_t* words, std::size_t count, float* to) {
    for (std::size_t i = 0; i < count; ++i) to[i] = words[i] < threshold ? 0.0f : kept;
  });
}

std::uint32_t threshold_of(double p) {
  return static_cast<std::uint32_t>(std::min(std::round(p * 0x1p32), 0x1p32 - 1));
}

}  // namespace

void fill_uniform(const RandomStream& stream, std::span<float> out) { uniform(key_of(stream), out.data(), out.size()); }

void fill_dropout(const RandomStream& stream, double p, std::span<float> out) {
  dropout(key_of(stream), threshold_of(p), static_cast<float>(1 / (1 - p)), out.data(), out.size());
}

void fill_dropout(const RandomStream& stream, double p, std::span<double> out) {
  const std::uint32_t threshold = threshold_of(p);
  const double kept = 1 / (1 - p);
  for_groups(key_of(stream), out.data(), out.size(), [=](const std::uint32_t* words, std::size_t count, double* to) {
    for (std::size_t i = 0; i < count; ++i) to[i] = words[i] < threshold ? 0.0 : kept;
  });
}

}  // namespace mtlgrid

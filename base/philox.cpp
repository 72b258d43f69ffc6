#include "base/philox.h"

#ifdef __x86_64__
#include <immintrin.h>
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // g++ 12 on its own intrinsics (its bug 105593)
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

#include <algorithm>
#include <cmath>

#include "base/clones.h"

namespace mtlgrid {
namespace {

constexpr int kLanes = 16, kGroup = 4 * kLanes;

// Philox4x32-10 (Salmon et al. 2011, constants of Random123).
constexpr std::uint32_t kMultiplier[] = {0xD2511F53u, 0xCD9E8D57u}, kWeyl[] = {0x9E3779B9u, 0xBB67AE85u};

// Blocks of counters 16 group .. 16 group + 15, as vectorised by the compiler.
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
      const std::uint64_t a = static_cast<std::uint64_t>(c0[i]) * kMultiplier[0];
      const std::uint64_t b = static_cast<std::uint64_t>(c2[i]) * kMultiplier[1];
      c0[i] = static_cast<std::uint32_t>(b >> 32) ^ c1[i] ^ k0;
      c2[i] = static_cast<std::uint32_t>(a >> 32) ^ c3[i] ^ k1;
      c1[i] = static_cast<std::uint32_t>(b);
      c3[i] = static_cast<std::uint32_t>(a);
    }
    k0 += kWeyl[0];
    k1 += kWeyl[1];
  }
  for (int i = 0; i < kLanes; ++i) {
    out[i] = c0[i];
    out[kLanes + i] = c1[i];
    out[2 * kLanes + i] = c2[i];
    out[3 * kLanes + i] = c3[i];
  }
}

#ifdef __x86_64__
// The same with AVX-512, three times as fast: a lane of 64 bits has one number, whose upper half is never used.
[[gnu::target("avx512f")]] void philox_group_avx512(std::uint64_t key, std::uint64_t group, std::uint32_t* out) {
  const __m512i first = _mm512_set1_epi64(static_cast<long long>(group * kLanes));
  const __m512i m0 = _mm512_set1_epi64(kMultiplier[0]), m1 = _mm512_set1_epi64(kMultiplier[1]);
  __m512i c0[2], c1[2], c2[2], c3[2];
  for (int half = 0; half < 2; ++half) {
    const long long lane = 8 * half;
    c0[half] = _mm512_add_epi64(
        first, _mm512_setr_epi64(lane, lane + 1, lane + 2, lane + 3, lane + 4, lane + 5, lane + 6, lane + 7));
    c1[half] = _mm512_srli_epi64(c0[half], 32);
    c2[half] = c3[half] = _mm512_setzero_si512();
  }
  auto k0 = static_cast<std::uint32_t>(key), k1 = static_cast<std::uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const __m512i key0 = _mm512_set1_epi64(k0), key1 = _mm512_set1_epi64(k1);
    for (int half = 0; half < 2; ++half) {
      const __m512i a = _mm512_mul_epu32(c0[half], m0), b = _mm512_mul_epu32(c2[half], m1);
      constexpr int kXor3 = 0x96;  // truth table of x ^ y ^ z
      c0[half] = _mm512_ternarylogic_epi64(_mm512_srli_epi64(b, 32), c1[half], key0, kXor3);
      c2[half] = _mm512_ternarylogic_epi64(_mm512_srli_epi64(a, 32), c3[half], key1, kXor3);
      c1[half] = b;
      c3[half] = a;
    }
    k0 += kWeyl[0];
    k1 += kWeyl[1];
  }
  const __m512i low = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  _mm512_storeu_si512(out, _mm512_permutex2var_epi32(c0[0], low, c0[1]));
  _mm512_storeu_si512(out + kLanes, _mm512_permutex2var_epi32(c1[0], low, c1[1]));
  _mm512_storeu_si512(out + 2 * kLanes, _mm512_permutex2var_epi32(c2[0], low, c2[1]));
  _mm512_storeu_si512(out + 3 * kLanes, _mm512_permutex2var_epi32(c3[0], low, c3[1]));
}
bool has_avx512() {
  static const bool has = __builtin_cpu_supports("avx512f") > 0;
  return has;
}
#endif

// Calls `convert(words, n, out)` for each run of words of elements first .. first + n - 1: whole groups of 64, and
// parts of groups at the ends. `group_of` makes a group.
template <typename T, typename Group, typename Convert>
[[gnu::always_inline]] inline void for_groups(std::uint64_t key, std::uint64_t first, T* out, std::size_t n,
                                              const Group& group_of, const Convert& convert) {
  std::uint32_t words[kGroup];
  for (std::size_t done = 0; done < n;) {
    const std::uint64_t element = first + done;
    const std::size_t skip = element % kGroup, count = std::min<std::size_t>(kGroup - skip, n - done);
    group_of(key, element / kGroup, words);
    if (count == kGroup) {
      convert(words, kGroup, out + done);
    } else {
      convert(words + skip, count, out + done);
    }
    done += count;
  }
}

[[gnu::always_inline]] inline void unit_of(const std::uint32_t* words, std::size_t count, float* to) {
  for (std::size_t i = 0; i < count; ++i)
    to[i] = static_cast<float>(static_cast<std::int32_t>(words[i] >> 8)) * 0x1p-24f;
}

template <typename T>
struct Threshold {
  std::uint32_t threshold;
  T kept;
  [[gnu::always_inline]] void operator()(const std::uint32_t* words, std::size_t count, T* __restrict to) const {
    const std::uint32_t limit = threshold;  // copies: the compiler cannot know that `to` is not this object
    const T one = kept;
    for (std::size_t i = 0; i < count; ++i) to[i] = words[i] < limit ? T(0) : one;
  }
};

MTLGRID_CLONES void uniform(std::uint64_t key, float* out, std::size_t n) {
  for_groups(key, 0, out, n, philox_group, unit_of);
}

MTLGRID_CLONES void dropout(std::uint64_t key, std::uint64_t first, const Threshold<float>& t, float* out,
                            std::size_t n) {
  for_groups(key, first, out, n, philox_group, t);
}

#ifdef __x86_64__
[[gnu::target("avx512f")]] void uniform_avx512(std::uint64_t key, float* out, std::size_t n) {
  for_groups(key, 0, out, n, philox_group_avx512, unit_of);
}
[[gnu::target("avx512f")]] void dropout_avx512(std::uint64_t key, std::uint64_t first, const Threshold<float>& t,
                                               float* out, std::size_t n) {
  for_groups(key, first, out, n, philox_group_avx512, t);
}
#endif

std::uint32_t threshold_of(double p) {
  return static_cast<std::uint32_t>(std::min(std::round(p * 0x1p32), 0x1p32 - 1));
}

}  // namespace

std::uint64_t fill_key(const RandomStream& stream) {
  const RandomStream::Block block = stream.block(0);
  return block.word[0] | (static_cast<std::uint64_t>(block.word[1]) << 32);
}

void fill_uniform(const RandomStream& stream, std::span<float> out) {
#ifdef __x86_64__
  if (has_avx512()) return uniform_avx512(fill_key(stream), out.data(), out.size());
#endif
  uniform(fill_key(stream), out.data(), out.size());
}

DropoutFill::DropoutFill(const RandomStream& stream, double p)
    : key_(fill_key(stream)), threshold_(threshold_of(p)), kept_(1 / (1 - p)) {}

DropoutFill::DropoutFill(const std::uint64_t* table, std::uint64_t index, double p)
    : key_(index), table_(table), threshold_(threshold_of(p)), kept_(1 / (1 - p)) {}

void DropoutFill::fill(std::uint64_t first, std::span<float> out) const {
  const Threshold<float> threshold = {threshold_, static_cast<float>(kept_)};
#ifdef __x86_64__
  if (has_avx512()) return dropout_avx512(key_, first, threshold, out.data(), out.size());
#endif
  dropout(key_, first, threshold, out.data(), out.size());
}

void DropoutFill::fill(std::uint64_t first, std::span<double> out) const {
  for_groups(key_, first, out.data(), out.size(), philox_group, Threshold<double>{threshold_, kept_});
}

}  // namespace mtlgrid

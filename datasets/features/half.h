// IEEE 754 binary16 ("float16") as bit patterns, for machines and libraries without such a type.
#pragma once

#include <cstdint>
#include <span>

namespace mtlgrid {

// Rounds to nearest, ties to even, once, as NumPy's astype(float16): beyond 65504 by half a step or more gives
// infinity, below half of 2^-24 a signed zero; any NaN gives 0x7e00 with its sign. HDF5's own conversion is not used:
// 1.10 rounds ties away from zero and subnormal results wrongly.
std::uint16_t to_half(double value);

// The same, value by value; floats vectorised. std::invalid_argument unless both have the same length.
void round_to_half(std::span<const float> values, std::span<std::uint16_t> out);
void round_to_half(std::span<const double> values, std::span<std::uint16_t> out);

// Exact.
double from_half(std::uint16_t bits);

inline bool is_finite_half(std::uint16_t bits) { return (bits & 0x7c00) != 0x7c00; }

}  // namespace mtlgrid

#include "datasets/features/feature_statistics.h"

#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <unordered_set>
#include <vector>

#include "datasets/features/half.h"

namespace mtlgrid {
namespace {

using Row = std::span<const std::uint16_t>;

// Every float16 as a double: 512 KB.
const std::vector<double>& doubles() {
  static const std::vector<double> kValues = [] {
    std::vector<double> values(std::size_t{1} << 16);
    for (std::size_t bits = 0; bits < values.size(); ++bits) values[bits] = from_half(static_cast<std::uint16_t>(bits));
    return values;
  }();
  return kValues;
}

// How often each of the 65,536 patterns occurs: range, mean, deviation and zeros follow exactly and in one order.
std::vector<std::int64_t> counts_of(Row values) {
  std::vector<std::int64_t> counts(std::size_t{1} << 16);
  for (const std::uint16_t bits : values) ++counts[bits];
  return counts;
}

void describe(const std::vector<std::int64_t>& counts, FeatureStatistics& out) {
  std::int64_t finite = 0, zeros = 0;
  double sum = 0, squares = 0;
  for (std::size_t bits = 0; bits < counts.size(); ++bits) {
    if (counts[bits] == 0) continue;
    if (!is_finite_half(static_cast<std::uint16_t>(bits))) {
      out.not_finite += counts[bits];
      continue;
    }
    const double value = doubles()[bits], count = static_cast<double>(counts[bits]);
    out.least = finite == 0 ? value : std::min(out.least, value);
    out.most = finite == 0 ? value : std::max(out.most, value);
    finite += counts[bits];
    zeros += value == 0 ? counts[bits] : 0;
    sum += count * value;
  }
  if (finite == 0) return;
  out.mean = sum / static_cast<double>(finite);
  out.zeros = static_cast<double>(zeros) / static_cast<double>(finite);
  for (std::size_t bits = 0; bits < counts.size(); ++bits) {
    if (counts[bits] == 0 || !is_finite_half(static_cast<std::uint16_t>(bits))) continue;
    squares += static_cast<double>(counts[bits]) * std::pow(doubles()[bits] - out.mean, 2);
  }
  out.deviation = std::sqrt(squares / static_cast<double>(finite));
}

bool is_constant(Row row) {
  return std::all_of(row.begin(), row.end(), [&](std::uint16_t bits) { return bits == row.front(); });
}

}  // namespace

FeatureStatistics feature_statistics(Row values, std::int64_t width) {
  const auto columns = static_cast<std::size_t>(width);
  if (columns == 0 || values.size() % columns != 0) throw std::invalid_argument("feature_statistics: not whole rows");
  FeatureStatistics out;
  out.width = width;
  out.tiles = static_cast<std::int64_t>(values.size() / columns);
  describe(counts_of(values), out);
  std::unordered_set<std::string> seen;
  std::vector<bool> varies(columns);
  for (std::int64_t tile = 0; tile < out.tiles; ++tile) {
    const Row row = values.subspan(static_cast<std::size_t>(tile) * columns, columns);
    const XXH128_hash_t hash = XXH3_128bits(row.data(), row.size_bytes());
    out.repeated_tiles += !seen.emplace(reinterpret_cast<const char*>(&hash), sizeof hash).second;
    out.constant_tiles += is_constant(row);
    for (std::size_t column = 0; column < columns; ++column) {
      if (row[column] != values[column]) varies[column] = true;
    }
  }
  if (out.tiles > 1) out.constant_features = std::count(varies.begin(), varies.end(), false);
  return out;
}

}  // namespace mtlgrid

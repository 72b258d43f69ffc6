#include "datasets/features/feature_reader.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "datasets/features/feature_disk.h"
#include "datasets/features/file_fault.h"
#include "datasets/features/fingerprint.h"
#include "datasets/features/half.h"

namespace mtlgrid {
namespace {

void check_finite(const std::filesystem::path& file, const std::vector<std::uint16_t>& values, std::int64_t width) {
  const auto bad = std::find_if_not(values.begin(), values.end(), is_finite_half);
  if (bad == values.end()) return;
  const auto position = bad - values.begin();
  const auto count = std::count_if(bad, values.end(), [](std::uint16_t v) { return !is_finite_half(v); });
  throw FileFault(
      file, "values that are not finite as float16", "expected finite numbers up to 65504",
      fmt::format("tile {}, feature {} (from 0), and {} more", position / width, position % width, count - 1));
}

std::int64_t zero_tiles_at_end(const std::vector<std::uint16_t>& values, std::int64_t width) {
  if (values.empty()) return 0;  // `width` may be 0 then
  constexpr unsigned kWithoutSign = 0x7fff;
  const auto last =
      std::find_if(values.rbegin(), values.rend(), [](std::uint16_t v) { return (v & kWithoutSign) != 0; });
  return (last - values.rbegin()) / width;
}

}  // namespace

CheckedFile DirectReader::read(const std::filesystem::path& file, bool values, bool patient) {
  if (!values) return {inspect_features(file, disk_, patient), "", 0};
  std::vector<std::uint16_t> all;
  CheckedFile checked{load_features(file, all, disk_, patient), "", 0};
  disk_.reading(all.size() * sizeof(std::uint16_t));
  check_finite(file, all, checked.info.width);
  checked.zero_tiles = zero_tiles_at_end(all, checked.info.width);
  checked.hash = hash_features(all, checked.info.tiles, checked.info.width);
  return checked;
}

CheckedFile DirectReader::describe(const std::filesystem::path& file) {
  std::vector<std::uint16_t> all;
  CheckedFile described{load_features(file, all, disk_, true), "", 0};
  disk_.reading(all.size() * sizeof(std::uint16_t));
  if (described.info.tiles > 0) {
    described.zero_tiles = zero_tiles_at_end(all, described.info.width);
    described.hash = hash_features(all, described.info.tiles, described.info.width);
    described.statistics = feature_statistics(all, described.info.width);
  }
  return described;
}

}  // namespace mtlgrid

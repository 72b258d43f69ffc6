#include "datasets/features/stated_number.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>

#include "base/ascii.h"

namespace mtlgrid {

std::optional<double> stated_number(double value, const std::string& name, TileGeometry& geometry, double least) {
  if (value >= least && value <= kMostStated) return value;
  add_unread(geometry, name, fmt::format("is {:.6g}", value));
  return std::nullopt;
}

std::optional<double> stated_number(std::string_view text, const std::string& name, TileGeometry& geometry,
                                    double least) {
  const std::string bare = trimmed(text);
  if (bare.empty() || bare == "None") return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(bare.data(), bare.data() + bare.size(), value);
  if (error == std::errc() && end == bare.data() + bare.size()) return stated_number(value, name, geometry, least);
  add_unread(geometry, name, fmt::format("is '{}'", bare));
  return std::nullopt;
}

bool is_micron(std::string_view unit) {
  constexpr std::string_view kSpellings[] = {"um",         "\u00b5m",     "\u03bcm",    "micron",     "microns",
                                             "micrometer", "micrometers", "micrometre", "micrometres"};
  return std::find(std::begin(kSpellings), std::end(kSpellings), lower_ascii(trimmed(unit))) != std::end(kSpellings);
}

}  // namespace mtlgrid

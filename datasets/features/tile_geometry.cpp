#include "datasets/features/tile_geometry.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace mtlgrid {
namespace {

constexpr double kMicronsAtOnce = 10;  // microns per pixel at 1x, by the usual convention: 0.5 at 20x
constexpr double kRounding = 0.01, kNominal = 0.25;

bool agree(double a, double b, double tolerance) { return std::abs(a - b) <= tolerance * std::max(a, b); }

// What could be read.
std::string said_text(const TileGeometry& g) {
  std::string text;
  if (!g.nominal && g.um > 0) text = fmt::format("{:.4g} um", g.um);
  if (g.px > 0) text += fmt::format("{}{:.4g} px", text.empty() ? "" : " in ", g.px);
  const char* between = text.empty() ? "" : " ";
  if (g.magnification > 0) text += fmt::format("{}at {:.4g}x", between, g.magnification);
  if (g.level >= 0) text += fmt::format("{}of level {:.4g}", between, g.level);
  if (g.downsample != 1) text += fmt::format(", downsampled by {:.4g}", g.downsample);
  if (g.nominal && g.um > 0) return text + fmt::format(" (nominally {:.4g} um, {:.4g} um/px)", g.um, g.mpp);
  if (g.um > 0 && g.px > 0) text += fmt::format(" ({:.4g} um/px)", g.mpp);
  return text;
}

}  // namespace

TileGeometry completed(TileGeometry g) {
  if (g.mpp == 0 && g.um > 0 && g.px > 0) g.mpp = g.um / g.px;
  if (g.um == 0 && g.mpp > 0 && g.px > 0) g.um = g.mpp * g.px;
  if (g.mpp == 0 && g.magnification > 0) {
    g.nominal = true;
    g.mpp = kMicronsAtOnce / g.magnification;
    if (g.um == 0 && g.px > 0) g.um = g.mpp * g.px;
  }
  return g;
}

void add_unread(TileGeometry& geometry, const std::string& name, const std::string& what) {
  constexpr std::size_t kLongest = 200;
  const std::string all = geometry.unread + (geometry.unread.empty() ? "" : ", ") + name + " " + printable(what);
  geometry.unread = cut_to(all, kLongest);
}

std::string geometry_text(const TileGeometry& g) {
  const std::string text = said_text(g);
  if (g.unread.empty()) return text;
  return fmt::format("{}not readable: {}", text.empty() ? "" : text + "; ", g.unread);
}

std::string tool_text(const TileGeometry& g) { return g.version.empty() ? g.tool : g.tool + " " + g.version; }

std::optional<std::string> geometry_difference(const TileGeometry& a, const TileGeometry& b) {
  const auto differ = [](double x, double y, double tolerance, const char* unit) -> std::optional<std::string> {
    if (x <= 0 || y <= 0 || agree(x, y, tolerance)) return std::nullopt;
    return fmt::format("{:.4g} {}, not {:.4g} {}", x, unit, y, unit);
  };
  const double microns = a.nominal || b.nominal ? kNominal : kRounding;
  if (auto text = differ(a.um, b.um, microns, "um")) return text;
  if (auto text = differ(a.px, b.px, kRounding, "px")) return text;
  if (auto text = differ(a.mpp, b.mpp, microns, "um/px")) return text;
  if (auto text = differ(a.magnification, b.magnification, kRounding, "x")) return text;
  if (a.level >= 0 && b.level >= 0 && (a.level != b.level || !agree(a.downsample, b.downsample, kRounding))) {
    const auto cut = [](const TileGeometry& g) {
      return fmt::format("level {:.4g}{}", g.level,
                         g.downsample == 1 ? "" : fmt::format(" downsampled by {:.4g}", g.downsample));
    };
    return fmt::format("{}, not {}", cut(a), cut(b));
  }
  return std::nullopt;
}

}  // namespace mtlgrid

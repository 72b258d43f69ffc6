#include "datasets/features/hdf5_geometry.h"

#include <cmath>
#include <string_view>
#include <utility>

#include "base/text.h"

namespace mtlgrid {
namespace {

constexpr std::size_t kShownText = 60;

double positive(const hdf5::Handle& object, const char* name) {
  const double value = hdf5::number_attribute(object, name).value_or(0);
  return std::isfinite(value) && value > 0 ? value : 0;
}

std::string text(const hdf5::Handle& object, const char* name) {
  try {
    return cut_to(printable(hdf5::text_attribute(object, name).value_or("")), kShownText);
  } catch (const hdf5::AttributeError&) {  // of another program, meaning something else
    return "";
  }
}

// "STAMP-extract-1.1.0_..." and "marugoto-extract-v0.5.1_...": the tool and its version.
void add_tool(const std::string& extractor, TileGeometry& geometry) {
  for (const auto& [prefix, tool] :
       {std::pair<std::string_view, const char*>{"STAMP-extract-", "STAMP"}, {"marugoto-extract-v", "marugoto"}}) {
    if (!extractor.starts_with(prefix)) continue;
    geometry.tool = tool;
    const std::string rest = extractor.substr(prefix.size());
    geometry.version = cut_to(printable(rest.substr(0, rest.find('_'))), kShownText);
  }
}

void add_coords(const hdf5::Handle& coords, TileGeometry& geometry) {
  const double size = positive(coords, "patch_size"), at = positive(coords, "target_magnification");
  const double size0 = positive(coords, "patch_size_level0"), at0 = positive(coords, "level0_magnification");
  const auto level = hdf5::number_attribute(coords, "patch_level");
  if (geometry.px == 0) geometry.px = size;
  geometry.magnification = at > 0 ? at : size > 0 && size0 > 0 && at0 > 0 ? at0 * size / size0 : 0;
  if (level && std::isfinite(*level) && *level >= 0) {
    geometry.level = *level;
    const double downsample = positive(coords, "custom_downsample");
    if (downsample > 0) geometry.downsample = downsample;
  }
  if (!geometry.tool.empty()) return;
  if (geometry.magnification > 0) geometry.tool = "TRIDENT";
  if (level) geometry.tool = "CLAM";
}

}  // namespace

TileGeometry geometry_of(const hdf5::Handle& root, const std::optional<hdf5::Handle>& coords,
                         const std::string& extractor) {
  TileGeometry geometry;
  geometry.unit = text(root, "unit");
  geometry.um = positive(root, "tile_size_um");
  geometry.px = positive(root, "tile_size_px");
  if (geometry.um == 0 && geometry.unit == "um") geometry.um = positive(root, "tile_size");
  geometry.version = text(root, "stamp_version");
  if (!geometry.version.empty()) geometry.tool = "STAMP";
  add_tool(extractor, geometry);
  if (coords) add_coords(*coords, geometry);
  return completed(geometry);
}

}  // namespace mtlgrid

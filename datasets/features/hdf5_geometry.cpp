#include "datasets/features/hdf5_geometry.h"

#include <string_view>
#include <utility>

#include "base/text.h"
#include "datasets/features/stated_number.h"

namespace mtlgrid {
namespace {

constexpr std::size_t kShownText = 60;
constexpr const char* kMicrons = "um";

// The number in an attribute, itself or as text; nullopt if it says none, or one that cannot be meant: that is added to
// what `geometry` could not read.
std::optional<double> stated(const hdf5::Handle& object, const char* name, TileGeometry& geometry,
                             double least = kLeastStated) {
  if (!hdf5::has_value(object, name)) return std::nullopt;
  if (const auto number = hdf5::number_attribute(object, name)) return stated_number(*number, name, geometry, least);
  try {
    return stated_number(hdf5::text_attribute(object, name).value_or(""), name, geometry, least);
  } catch (const hdf5::AttributeError&) {
    add_unread(geometry, name, "is not a single number");
    return std::nullopt;
  }
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

// STAMP 2.0: `tile_size`, in the unit of the coordinates.
void add_tile_size(const hdf5::Handle& root, TileGeometry& geometry) {
  constexpr const char* kName = "tile_size";
  if (geometry.unit == kMicrons) {
    geometry.um = stated(root, kName, geometry).value_or(0);
  } else if (hdf5::has_value(root, kName)) {
    add_unread(geometry, kName, geometry.unit.empty() ? "has no unit" : "is in '" + geometry.unit + "', not um");
  }
}

void add_coords(const hdf5::Handle& coords, TileGeometry& geometry) {
  const auto number = [&](const char* name) { return stated(coords, name, geometry).value_or(0); };
  const double size = number("patch_size"), at = number("target_magnification");
  const double size0 = number("patch_size_level0"), at0 = number("level0_magnification");
  if (geometry.px == 0) geometry.px = size;
  geometry.magnification = at > 0 ? at : size > 0 && size0 > 0 && at0 > 0 ? at0 * size / size0 : 0;
  if (const auto level = stated(coords, "patch_level", geometry, 0)) {
    geometry.level = *level;
    const double downsample = number("custom_downsample");
    if (downsample > 0) geometry.downsample = downsample;
  }
  if (!geometry.tool.empty()) return;
  if (geometry.magnification > 0) geometry.tool = "TRIDENT";
  if (hdf5::has_value(coords, "patch_level")) geometry.tool = "CLAM";
}

}  // namespace

TileGeometry geometry_of(const hdf5::Handle& root, const std::optional<hdf5::Handle>& coords,
                         const std::string& extractor) {
  TileGeometry geometry;
  geometry.unit = text(root, "unit");
  if (is_micron(geometry.unit)) geometry.unit = kMicrons;
  geometry.um = stated(root, "tile_size_um", geometry).value_or(0);
  const bool microns_said = geometry.says_size();
  geometry.px = stated(root, "tile_size_px", geometry).value_or(0);
  if (!microns_said) add_tile_size(root, geometry);
  geometry.version = text(root, "stamp_version");
  if (!geometry.version.empty()) geometry.tool = "STAMP";
  add_tool(extractor, geometry);
  if (coords) add_coords(*coords, geometry);
  return completed(geometry);
}

}  // namespace mtlgrid

// What the attributes of an HDF5 feature file say of how its slide was cut into tiles.
#pragma once

#include <optional>
#include <string>

#include "datasets/features/hdf5.h"
#include "datasets/features/tile_geometry.h"

namespace mtlgrid {

// STAMP's attributes of the file (2.0: `tile_size` with `unit` um; since 2.1 `tile_size_um`, `tile_size_px`; `unit`,
// `stamp_version`; 1.x says its version in `extractor`), and those of dataset `coords`: TRIDENT's `patch_size` with
// `target_magnification` (or `patch_size_level0` and `level0_magnification`), CLAM's `patch_size` with `patch_level`
// and `custom_downsample`. Numbers may be text, and arrays of one; `unit` is "um" for every spelling of microns. What
// is not such a number, or one that cannot be meant (stated_number.h), is in TileGeometry::unread. `coords` may be
// absent.
TileGeometry geometry_of(const hdf5::Handle& root, const std::optional<hdf5::Handle>& coords,
                         const std::string& extractor);

}  // namespace mtlgrid

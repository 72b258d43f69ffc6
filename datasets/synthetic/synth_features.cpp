#include "datasets/synthetic/synth_features.h"

#include <cmath>
#include <vector>

#include "datasets/features/hdf5.h"

namespace mtlgrid {
namespace {

// Top-left corners (x, y) of tiles on a square grid, [tiles, 2], in units of the tile's side.
std::vector<float> grid(std::int64_t tiles, float side) {
  const auto across = static_cast<std::int64_t>(std::ceil(std::sqrt(static_cast<double>(tiles))));
  std::vector<float> corners;
  for (std::int64_t t = 0; t < tiles; ++t) {
    const std::int64_t x = t % across, y = t / across;
    corners.push_back(static_cast<float>(x) * side);
    corners.push_back(static_cast<float>(y) * side);
  }
  return corners;
}

// h5py's type for NumPy's bool.
hdf5::Handle bool_type() {
  hdf5::Handle type(MTLGRID_HDF5(H5Tenum_create(H5T_STD_I8LE)), H5Tclose);
  const std::int8_t no = 0, yes = 1;
  MTLGRID_HDF5(H5Tenum_insert(type.get(), "FALSE", &no));
  MTLGRID_HDF5(H5Tenum_insert(type.get(), "TRUE", &yes));
  return type;
}

void write_v1(const hdf5::Handle& file, std::int64_t tiles) {
  const auto corners = grid(tiles, 224);  // pixels
  hdf5::write_dataset(file, "coords", {static_cast<hsize_t>(tiles), 2}, H5T_STD_I64LE, H5T_NATIVE_FLOAT,
                      corners.data());
  const std::vector<std::int8_t> augmented(static_cast<std::size_t>(tiles), 0);
  const auto type = bool_type();
  hdf5::write_dataset(file, "augmented", {static_cast<hsize_t>(tiles)}, type.get(), type.get(), augmented.data());
}

void write_v2(const hdf5::Handle& file, std::int64_t tiles) {
  const auto corners = grid(tiles, 256);  // microns
  hdf5::write_dataset(file, "coords", {static_cast<hsize_t>(tiles), 2}, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT,
                      corners.data());
  hdf5::write_attribute(file, "unit", std::string("um"));
  hdf5::write_attribute(file, "tile_size_um", 256.0);
  hdf5::write_attribute(file, "tile_size_px", std::int64_t{224});
  hdf5::write_attribute(file, "stamp_version", std::string("2.4.0"));
  hdf5::write_attribute(file, "code_hash", std::string("00000000"));
  hdf5::write_attribute(file, "feat_type", std::string("tile"));
}

void write_slide(const hdf5::Handle& file, const std::string& encoder) {
  hdf5::write_attribute(file, "encoder", encoder);
  hdf5::write_attribute(file, "precision", std::string("torch.float32"));
  hdf5::write_attribute(file, "stamp_version", std::string("2.4.0"));
  hdf5::write_attribute(file, "code_hash", std::string("00000000"));
  hdf5::write_attribute(file, "feat_type", std::string("slide"));
}

}  // namespace

void write_features(const std::filesystem::path& file, std::span<const std::uint16_t> values, std::int64_t width,
                    StampLayout layout, const std::string& extractor) {
  const std::int64_t tiles = static_cast<std::int64_t>(values.size()) / width;
  const hdf5::Handle root = hdf5::create_file(file);
  const auto half = hdf5::float16_type();
  hdf5::write_dataset(root, "feats", {static_cast<hsize_t>(tiles), static_cast<hsize_t>(width)}, half.get(), half.get(),
                      values.data());
  if (layout == StampLayout::slide) return write_slide(root, extractor);
  hdf5::write_attribute(root, "extractor", extractor);
  if (layout == StampLayout::v1) {
    write_v1(root, tiles);
  } else {
    write_v2(root, tiles);
  }
}

}  // namespace mtlgrid

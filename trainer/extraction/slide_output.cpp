#include "trainer/extraction/slide_output.h"

#include "base/files.h"
#include "datasets/features/feature_info.h"
#include "datasets/features/hdf5.h"

namespace mtlgrid {
namespace {

constexpr std::size_t kGrowth = 1 << 20;    // bytes by which HDF5's file in memory grows
constexpr std::size_t kCodeHashDigits = 8;  // as STAMP writes it

void write_attributes(const hdf5::Handle& file, const SlideAttributes& a) {
  hdf5::write_attribute(file, "stamp_version", std::string(kStampVersion));
  hdf5::write_attribute(file, "extractor", a.extractor);
  hdf5::write_attribute(file, "unit", std::string("um"));
  hdf5::write_attribute(file, "tile_size_um", a.tile_um);
  hdf5::write_attribute(file, "tile_size_px", static_cast<std::int64_t>(a.tile_px));
  hdf5::write_attribute(file, "code_hash", a.mark.substr(0, kCodeHashDigits));
  hdf5::write_attribute(file, "feat_type", std::string("tile"));
  hdf5::write_attribute(file, "mtlgrid_version", std::string(MTLGRID_VERSION));
  hdf5::write_attribute(file, kExtractionAttribute, a.mark);
  hdf5::write_attribute(file, "mtlgrid_libraries", a.libraries);
  nlohmann::json slide = a.slide;
  for (const char* path : {"slide_file", "feature_file"}) slide.erase(path);
  hdf5::write_attribute(file, kSlideAttribute, slide.dump());
}

// A file in memory, whose bytes file_bytes() takes out.
hdf5::Handle create_in_memory() {
  const hdf5::Handle access(MTLGRID_HDF5(H5Pcreate(H5P_FILE_ACCESS)), H5Pclose);
  MTLGRID_HDF5(H5Pset_fapl_core(access.get(), kGrowth, 0));
  return {MTLGRID_HDF5(H5Fcreate("features.h5", H5F_ACC_TRUNC, H5P_DEFAULT, access.get())), H5Fclose};
}

std::string file_bytes(const hdf5::Handle& file) {
  MTLGRID_HDF5(H5Fflush(file.get(), H5F_SCOPE_GLOBAL));
  const auto size = MTLGRID_HDF5(H5Fget_file_image(file.get(), nullptr, 0));
  std::string bytes(static_cast<std::size_t>(size), '\0');
  MTLGRID_HDF5(H5Fget_file_image(file.get(), bytes.data(), bytes.size()));
  return bytes;
}

}  // namespace

std::string feature_file_bytes(const SlideFeatures& features, const SlideAttributes& attributes) {
  const auto tiles = static_cast<hsize_t>(features.places.size());
  std::vector<float> places;
  for (const auto& [x, y] : features.places) {
    places.push_back(static_cast<float>(x));
    places.push_back(static_cast<float>(y));
  }
  const hdf5::Handle file = create_in_memory();
  const hdf5::Handle half = hdf5::float16_type();
  hdf5::write_dataset(file, "coords", {tiles, 2}, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, places.data());
  hdf5::write_dataset(file, "feats", {tiles, static_cast<hsize_t>(features.width)}, half.get(), half.get(),
                      features.values.data());
  write_attributes(file, attributes);
  return file_bytes(file);
}

void write_feature_file(FileCalls& calls, const std::filesystem::path& file, const SlideFeatures& features,
                        const SlideAttributes& attributes) {
  AtomicFileOptions options;
  options.suffix = process_suffix();
  write_by_rename(calls, file, feature_file_bytes(features, attributes), options);
}

}  // namespace mtlgrid

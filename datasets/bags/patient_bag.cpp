#include "datasets/bags/patient_bag.h"

#include <fmt/format.h>

#include "datasets/features/fingerprint.h"

namespace mtlgrid {
namespace {

constexpr const char* kWayOn =
    "restore the file and run again, or run again as it is (for a run, the new data are a grid of their own)";

Bag read_known(const std::string& cohort, const std::string& patient, const KnownFeatures& file) {
  Bag slide;
  try {
    slide = read_bag({file.path});
  } catch (const InputError& e) {  // it was good when the data were checked
    throw FeaturesChanged(cohort, patient, e.what());
  }
  const std::string hash = hash_features(slide.values, slide.tiles, slide.width);
  if (hash != file.hash) {
    throw FeaturesChanged(cohort, patient,
                          fmt::format("{}: not the features that were there when the data were checked ({} tiles of "
                                      "hash {}, expected {} of {})",
                                      file.path, slide.tiles, hash, file.tiles, file.hash));
  }
  return slide;
}

}  // namespace

FeaturesChanged::FeaturesChanged(const std::string& cohort, const std::string& patient,
                                 const std::string& file_and_what)
    : Error(ErrorKind::needs_person,
            fmt::format("features changed: cohort {}, patient {}: {}; {}", cohort, patient, file_and_what, kWayOn)) {}

Bag read_patient_bag(const std::string& cohort, const std::string& patient, const std::vector<KnownFeatures>& files,
                     std::int64_t width) {
  Bag bag;
  if (files.size() > 1) {
    std::int64_t tiles = 0;
    for (const KnownFeatures& file : files) tiles += file.tiles;
    bag.values.reserve(static_cast<std::size_t>(tiles * width));
  }
  for (const KnownFeatures& file : files) {
    Bag slide = read_known(cohort, patient, file);
    if (slide.width != width) {
      throw InputError(
          fmt::format("patient {} of cohort {}: {} features a tile, expected {}", patient, cohort, slide.width, width));
    }
    if (files.size() == 1) return slide;
    bag.values.insert(bag.values.end(), slide.values.begin(), slide.values.end());
    bag.tiles += slide.tiles;
    bag.width = width;
  }
  return bag;
}

bool is_bag_of(const BagView& bag, const std::vector<KnownFeatures>& files) {
  std::int64_t first = 0;  // tile of the next file
  for (const KnownFeatures& file : files) {
    if (file.tiles < 0 || file.tiles > bag.tiles - first) return false;
    const auto values = bag.values.subspan(static_cast<std::size_t>(first * bag.width),
                                           static_cast<std::size_t>(file.tiles * bag.width));
    if (hash_features(values, file.tiles, bag.width) != file.hash) return false;
    first += file.tiles;
  }
  return first == bag.tiles;
}

}  // namespace mtlgrid

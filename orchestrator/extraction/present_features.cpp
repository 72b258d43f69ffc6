#include "orchestrator/extraction/present_features.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/decode.h"
#include "datasets/features/extractor_name.h"
#include "datasets/features/feature_reader.h"
#include "datasets/features/file_fault.h"

namespace mtlgrid {
namespace {

constexpr const char* kAdvice =
    "give the cohort another folder of features, or move these files elsewhere, to have them made by these settings";

// What no file of this extractor has; empty: nothing.
std::string wrong_shape(const FeatureInfo& info, const ExtractorFiles& files) {
  if (info.tiles == 0) return "has no tiles";
  if (info.width != files.width) return fmt::format("has {} features a tile, not {}", info.width, files.width);
  return info.coordinates != info.tiles ? "has another number of coordinates than of tiles" : "";
}

// In what a file of another program differs from what would be made; empty: in nothing that it says.
std::string difference(const FeatureInfo& info, const ExtractSettings& settings, const ExtractorFiles& files) {
  const std::string said = extractor_of(info), extractor = files.name;
  if (said != canonical_extractor(extractor)) {
    return said.empty() ? fmt::format("does not name its extractor, expected {}", extractor)
                        : fmt::format("has features of the extractor {}, not {}", said, extractor);
  }
  TileGeometry wanted;
  wanted.um = settings.tile_um;
  wanted.px = settings.tile_px;
  wanted.mpp = settings.tile_um / settings.tile_px;
  const auto tiles = geometry_difference(info.geometry, wanted);
  return tiles ? fmt::format("has tiles of {}", *tiles) : wrong_shape(info, files);
}

SlideRecord record_of(const FeatureInfo& info, const std::string& slide_file, const std::string& feature_file) {
  SlideRecord record;
  try {
    nlohmann::json said = decode_json_if_valid(info.slide).value_or(nlohmann::json::object());
    said["slide_file"] = slide_file;
    said["feature_file"] = feature_file;
    record = said.get<SlideRecord>();
  } catch (const nlohmann::json::exception&) {  // of another program, or cut short
    record = {};
  }
  if (record.kept != info.tiles) record = {};
  record.slide_file = slide_file;
  record.feature_file = feature_file;
  record.kept = info.tiles;
  return record;
}

}  // namespace

void PresenceCheck::look_at(const SlideCohort& cohort, const SlideInput& slide,
                            std::map<std::string, SlideRecord>& present) {
  const std::filesystem::path file = feature_file_of(cohort, slide);
  const std::string shown = slide.name + ".h5", &identity = extraction_.identity;
  std::error_code error;  // a folder that cannot be searched: whoever writes the file says so
  if (!std::filesystem::exists(file, error)) return;
  FeatureInfo info;
  try {
    info = reader_.read(file, false, true).info;
  } catch (const FileFault& fault) {
    if (fault.cut_off()) return again_.add("feature files are cut off and are made again", shown);
    return in_the_way_.add(fault.cause(), shown, kAdvice);
  }
  const SlideRecord record = record_of(info, slide.file, file.string());
  const bool same =
      info.extraction == extraction_mark(identity, slide.mpp, slide.mpp_source) || info.extraction == identity;
  if (!info.extraction.empty() && !info.extraction.starts_with(identity)) {
    return in_the_way_.add("was made with other settings of [extract]", shown, kAdvice);
  }
  if (info.extraction.empty()) {
    const std::string other = difference(info, extraction_.settings, extractor_);
    if (!other.empty()) return in_the_way_.add(other, shown, kAdvice);
  } else if (!same) {
    return again_.add("feature files were made with other microns per pixel and are made again", shown);
  } else if (!wrong_shape(info, extractor_).empty()) {
    return again_.add("feature files are damaged and are made again", shown);
  }
  if (record.bytes > 0 && record.bytes != slide.bytes) {
    return again_.add("feature files are of slides that have been replaced, and are made again", shown);
  }
  present[Cell::of_slide(cohort.name, slide.name).name()] = record;
}

void PresenceCheck::report(const std::string& where, Problems& problems, std::vector<std::string>& notes) const {
  in_the_way_.report(where, problems);
  Problems lines;
  again_.report(where, lines);
  notes.insert(notes.end(), lines.lines().begin(), lines.lines().end());
}

}  // namespace mtlgrid

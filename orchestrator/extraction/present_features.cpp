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

// In what a file of another program differs from what would be made; empty: in nothing that it says.
std::string difference(const FeatureInfo& info, const ExtractSettings& settings, const std::string& extractor) {
  const std::string said = extractor_of(info);
  if (said != canonical_extractor(extractor)) {
    return said.empty() ? fmt::format("is there and does not name its extractor, here {}", extractor)
                        : fmt::format("is there by the extractor {}, not {}", said, extractor);
  }
  TileGeometry wanted;
  wanted.um = settings.tile_um;
  wanted.px = settings.tile_px;
  wanted.mpp = settings.tile_um / settings.tile_px;
  const auto tiles = geometry_difference(info.geometry, wanted);
  return tiles ? fmt::format("is there with tiles of {}", *tiles) : "";
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
                            std::map<std::string, PresentFeatures>& present) {
  const std::filesystem::path file = feature_file_of(cohort, slide);
  const std::string shown = slide.name + ".h5";
  std::error_code error;  // a folder that cannot be searched: whoever writes the file says so
  if (!std::filesystem::exists(file, error)) return;
  FeatureInfo info;
  try {
    info = reader_.read(file, false, true).info;
  } catch (const FileFault&) {
    return again_.add("feature files cannot be read and are made again", shown);
  }
  const std::string& identity = extraction_.identity;
  if (info.extraction == extraction_mark(identity, slide.mpp, slide.mpp_source) || info.extraction == identity) {
    present[Cell::of_slide(cohort.name, slide.name).name()] = {record_of(info, slide.file, file.string())};
  } else if (info.extraction.starts_with(identity)) {
    again_.add("feature files were made with other microns per pixel and are made again", shown);
  } else if (!info.extraction.empty()) {
    in_the_way_.add("was made with other settings of [extract]", shown, kAdvice);
  } else if (const std::string other = difference(info, extraction_.settings, extractor_); !other.empty()) {
    in_the_way_.add(other, shown, kAdvice);
  } else {
    present[Cell::of_slide(cohort.name, slide.name).name()] = {record_of(info, slide.file, file.string())};
  }
}

void PresenceCheck::report(const std::string& where, Problems& problems, std::vector<std::string>& notes) const {
  in_the_way_.report(where, problems);
  Problems lines;
  again_.report(where, lines);
  notes.insert(notes.end(), lines.lines().begin(), lines.lines().end());
}

}  // namespace mtlgrid

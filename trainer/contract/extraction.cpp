#include "trainer/contract/extraction.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/errors.h"

namespace mtlgrid {
namespace {

nlohmann::json or_null(const std::optional<double>& value) { return value ? nlohmann::json(*value) : nullptr; }

std::optional<double> number_at(const nlohmann::json& j, const char* key) {
  const nlohmann::json& value = j.at(key);
  return value.is_null() ? std::nullopt : std::optional(value.get<double>());
}

}  // namespace

void to_json(nlohmann::json& j, const ExtractSettings& s) {
  j = {{"extractor", s.extractor},
       {"weights", s.weights},
       {"tile_um", s.tile_um},
       {"tile_px", s.tile_px},
       {"brightness_cutoff", or_null(s.brightness_cutoff)},
       {"canny_cutoff", or_null(s.canny_cutoff)},
       {"batch", s.batch},
       {"precision", s.precision}};
}

void from_json(const nlohmann::json& j, ExtractSettings& s) {
  j.at("extractor").get_to(s.extractor);
  j.at("weights").get_to(s.weights);
  j.at("tile_um").get_to(s.tile_um);
  j.at("tile_px").get_to(s.tile_px);
  s.brightness_cutoff = number_at(j, "brightness_cutoff");
  s.canny_cutoff = number_at(j, "canny_cutoff");
  j.at("batch").get_to(s.batch);
  j.at("precision").get_to(s.precision);
}

Extraction::Slide Extraction::slide_of(const Cell& cell) const {
  const auto cohort =
      std::find_if(cohorts.begin(), cohorts.end(), [&](const SlideCohort& c) { return c.name == cell.biomarker; });
  if (cell.is_slide() && cohort != cohorts.end()) {
    const auto by_name = [](const SlideInput& slide, const std::string& name) { return slide.name < name; };
    const auto slide = std::lower_bound(cohort->slides.begin(), cohort->slides.end(), cell.auxiliary, by_name);
    if (slide != cohort->slides.end() && slide->name == cell.auxiliary) return {*cohort, *slide};
  }
  throw Error(ErrorKind::fatal, cell.name() + " is not a slide of this extraction");
}

std::string extraction_mark(const std::string& identity, double mpp, const std::string& mpp_source) {
  const bool configured = mpp_source == kDefaultMpp || mpp_source == kMppColumn;
  return configured ? fmt::format("{} at {} um", identity, mpp) : identity;
}

std::string feature_file_of(const SlideCohort& cohort, const SlideInput& slide) {
  return cohort.features + "/" + slide.name + ".h5";
}

}  // namespace mtlgrid

#include "orchestrator/config/extract_section.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <limits>

#include "base/nearest.h"

namespace mtlgrid {
namespace {

constexpr const char* kNone = "none";  // in place of a cutoff

// A number from `low` to `high`, or `none`.
void read_cutoff(SectionReader& r, const std::string& key, std::optional<double>& value, double low, double high) {
  if (r.text(key) == kNone) {
    value = std::nullopt;
    return;
  }
  double number = *value;
  r.read(key, number, low, high);
  value = number;
}

// One of our own, or the path of a description.
void read_extractor(SectionReader& r, ExtractSettings& settings, const ToAbsolute& absolute) {
  r.read("extractor", settings.extractor);
  const std::vector<std::string> known(std::begin(kExtractors), std::end(kExtractors));
  if (std::find(known.begin(), known.end(), settings.extractor) != known.end()) return;
  if (settings.extractor.ends_with(".json")) {
    settings.extractor = absolute(settings.extractor).string();
    return;
  }
  r.problem("extractor", fmt::format("'{}' is neither {} nor the path of a description (.json){}", settings.extractor,
                                     fmt::join(known, ", "), did_you_mean(settings.extractor, known)));
}

}  // namespace

void read_extract(SectionReader& r, ExtractSettings& settings, const ToAbsolute& absolute) {
  constexpr double kMany = std::numeric_limits<double>::infinity();
  read_extractor(r, settings, absolute);
  if (const auto weights = r.text("weights")) settings.weights = absolute(*weights).string();
  r.read("tile_um", settings.tile_um, 0, kMany, true);
  r.read("tile_px", settings.tile_px, 16, 4096);
  read_cutoff(r, "brightness_cutoff", settings.brightness_cutoff, 0, 256);
  read_cutoff(r, "canny_cutoff", settings.canny_cutoff, 0, 1);
  r.read("batch", settings.batch, 1, 4096);
  r.choose("precision", settings.precision, {"fp32", "bf16", "fp64"});
  r.finish();
}

void read_slides(SectionReader& r, CohortFiles& files, const ToAbsolute& absolute) {
  if (const auto folder = r.text("slides_folder")) files.slides_folder = absolute(*folder);
  r.read("default_mpp", files.default_mpp, 0, 1000, true);
  r.read("mpp_column", files.mpp_column);
  if (files.slides_folder.empty()) {
    files.features = absolute(r.required("features"));
    for (const char* key : {"default_mpp", "mpp_column"}) {
      if (r.text(key)) r.problem(key, "is for slides; give slides_folder too");
    }
    return;
  }
  if (!files.mpp_column.empty() && files.slides.empty() && files.clini.empty()) {
    r.problem("mpp_column", "is a column of the slide or the clinical table; give slides or clini too");
  }
  files.features = absolute(r.text("features").value_or("features/" + files.name));
}

}  // namespace mtlgrid

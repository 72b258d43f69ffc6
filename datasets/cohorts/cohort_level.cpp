#include "datasets/cohorts/cohort_level.h"

#include <array>
#include <stdexcept>
#include <utility>

namespace mtlgrid {
namespace {

struct LevelText {
  FeatureLevel level;
  const char *name, *text;
};

constexpr std::array<LevelText, 5> kLevels = {{
    {FeatureLevel::row, "row", "one row of features a file, and no file says of what"},
    {FeatureLevel::tile, "tile", "features of tiles"},
    {FeatureLevel::embedding, "embedding", "embeddings of slides or patients, the files do not say of which"},
    {FeatureLevel::slide, "slide", "embeddings of slides"},
    {FeatureLevel::patient, "patient", "embeddings of patients"},
}};

const LevelText& text_of(FeatureLevel level) { return kLevels[static_cast<std::size_t>(level)]; }

}  // namespace

std::string level_text(FeatureLevel level) { return text_of(level).text; }

std::string level_name(FeatureLevel level) { return text_of(level).name; }

FeatureLevel level_of_name(const std::string& name) {
  for (const LevelText& entry : kLevels) {
    if (entry.name == name) return entry.level;
  }
  throw std::invalid_argument("no level of features: " + name);
}

std::optional<std::string> level_difference(FeatureLevel a, FeatureLevel b) {
  if (a > b) std::swap(a, b);
  if (a == b || a == FeatureLevel::row || a == FeatureLevel::embedding) return std::nullopt;
  return "a network reads features of one kind: take the same for all, or a biomarker for each";
}

FeatureLevel common_level(FeatureLevel a, FeatureLevel b) { return a > b ? a : b; }

}  // namespace mtlgrid

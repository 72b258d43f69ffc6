// What a trainer needs to extract the slides of a run: settings, slides, where their feature files go. No torch.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/cell.h"

namespace mtlgrid {

// Section [extract] of the configuration. All but `batch` decides the features.
struct ExtractSettings {
  std::string extractor = "ctranspath";  // a name of kExtractors, or the absolute path of a description (.json)
  std::string weights{};                 // absolute path; empty where the extractor needs none
  double tile_um = 256;                  // microns a side
  int tile_px = 224;                     // pixels a side, as the extractor sees it
  std::optional<double> brightness_cutoff = 240;  // of a supertile's grey value; nullopt: brightness rejects none
  std::optional<double> canny_cutoff = 0.02;      // of a tile's share of edge pixels; nullopt: texture rejects none
  int batch = 64;                                 // tiles that the network sees at the same time
  std::string precision = "fp32";                 // fp32, bf16
};
// As the store keeps them; a cutoff that is not set is null.
void to_json(nlohmann::json& j, const ExtractSettings& s);
void from_json(const nlohmann::json& j, ExtractSettings& s);

// The extractors of our own; any other is described by a file.
inline constexpr const char* kExtractors[] = {"ctranspath", "chief-ctranspath", "mean-colour"};

// The keys of a cohort that say microns per pixel where a slide does not.
inline constexpr const char* kDefaultMpp = "default_mpp";
inline constexpr const char* kMppColumn = "mpp_column";

// A slide of a cohort. `mpp`: microns per pixel for a slide that does not say it, by the key `mpp_source`; 0: not
// configured.
struct SlideInput {
  std::string name;  // path below the cohort's folder of slides, without its suffix
  std::string file;  // absolute
  std::int64_t bytes = 0;
  double mpp = 0;
  std::string mpp_source{};
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SlideInput, name, file, bytes, mpp, mpp_source)

struct SlideCohort {
  std::string name;
  std::string features;            // absolute folder: a slide's file is FEATURES/NAME.h5
  std::vector<SlideInput> slides;  // ascending by name
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SlideCohort, name, features, slides)

struct Extraction {
  ExtractSettings settings;
  std::string identity;  // of the grid of slides; every feature file has its first digits
  std::vector<SlideCohort> cohorts;

  // Throws Error(fatal) if the cell is not a slide of these cohorts.
  struct Slide {
    const SlideCohort& cohort;
    const SlideInput& slide;
  };
  Slide slide_of(const Cell& cell) const;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Extraction, settings, identity, cohorts)

// What a feature file says of its making: the grid's identity, and the microns per pixel where the slide did not say
// them (`mpp_source` is that of the input). Equal marks of a slide mean equal features.
std::string extraction_mark(const std::string& identity, double mpp, const std::string& mpp_source);

// Where the slide's features go: FEATURES/NAME.h5, and with ".jpg" the thumbnail that shows the tiles that were kept.
std::string feature_file_of(const SlideCohort& cohort, const SlideInput& slide);

}  // namespace mtlgrid

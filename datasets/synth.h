// Synthetic STAMP-format cohorts with a known effect, and a configuration for them.
#pragma once

#include <cstdint>
#include <filesystem>

namespace mtlgrid {

struct SynthSettings {
  int patients = 60;           // in each training cohort; external cohorts have two thirds of it
  int tiles = 12;              // median tiles a slide
  int features = 32;           // D
  std::uint64_t seed = 1337;
};

// Writes OUT/<cohort>/{clini.csv, slide.csv, feats/*.h5} for TCGA-CRC and TCGA-LUAD (STAMP 2.x layout) and CPTAC-CRC
// and CPTAC-LUAD (1.x layout), and OUT/grid.ini: the paper's 7 pairs x 17 methods x 5 folds with a small model.
// Class and auxiliaries are functions of a patient's latent biology, which the tiles show. Same settings, same bytes
// of every table and same feature values. Throws InputError if OUT exists and is not empty.
void write_synthetic(const std::filesystem::path& out, const SynthSettings& settings);

}  // namespace mtlgrid

// Synthetic STAMP-format cohorts with a known effect, and a configuration for them.
#pragma once

#include <cstdint>
#include <filesystem>

namespace mtlgrid {

// The defaults make the whole grid (595 cells) a matter of minutes on two cores.
struct SynthSettings {
  int patients = 40;  // in each training cohort, at least 24; external cohorts have two thirds of it
  int tiles = 10;     // median tiles a slide
  int features = 32;  // D
  std::uint64_t seed = 1337;
  bool planted = false;  // cohorts in which auxiliaries can help, and one cannot; external ones have twice the patients
  bool slides = false;   // small slides of the two colorectal cohorts in the place of features, and a small grid
  bool embeddings = false;  // one row a slide, as STAMP's encoders of slides write it; `tiles` does not count
};

// Writes OUT/<cohort>/{clini.csv, slide.csv, feats/*.h5} for TCGA-CRC and TCGA-LUAD (STAMP 2.x layout) and CPTAC-CRC
// and CPTAC-LUAD (1.x layout), and OUT/grid.ini: the paper's 7 pairs x 17 methods x 5 folds with a small model.
// Class and auxiliaries are functions of a patient's latent biology, which the tiles show. `planted`: training labels
// are poor (as much noise as latent value), those of external cohorts good; LF, LISS and Prolif are the latent
// values almost exactly; `Null`, in the place of SF, depends on nothing. Same settings, same bytes of every table and
// same feature values. The cohorts include what a join must handle: second slides in a sub-folder, FILENAME without
// `.h5` (1.x cohorts), missing labels and targets, an ignored label, a patient without slides, slides without a file or
// patient. With `slides` there are OUT/<cohort>/wsi/*.svs in the place of feats/, of TCGA-CRC and CPTAC-CRC alone, for
// `mtlgrid extract` by mean-colour. Throws InputError if OUT exists and is not empty, or a setting is out of range.
void write_synthetic(const std::filesystem::path& out, const SynthSettings& settings);

}  // namespace mtlgrid

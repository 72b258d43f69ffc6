// Slides of virtual patients, for demonstrations of extraction.
#pragma once

#include <cstdint>
#include <filesystem>

#include "datasets/synthetic/synth_patients.h"

namespace mtlgrid {

// Writes a small slide (1,024 x 768 pixels of 1 micron: twelve tiles at most) of the patient: the more immune cells the
// patient has, the more nuclei the slide, and the darker it is; so that even the mean colour of tiles shows it.
void write_patient_slide(const std::filesystem::path& file, const VirtualPatient& patient, std::uint64_t seed);

}  // namespace mtlgrid

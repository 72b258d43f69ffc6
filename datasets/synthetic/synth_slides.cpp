#include "datasets/synthetic/synth_slides.h"

#include <algorithm>

#include "datasets/synthetic/virtual_slide.h"

namespace mtlgrid {

void write_patient_slide(const std::filesystem::path& file, const VirtualPatient& patient, std::uint64_t seed) {
  constexpr double kFewest = 500,
                   kMore = 30'000;  // nuclei per square millimetre; chosen, to be seen by a small network
  VirtualSlide slide;
  slide.width = 1024;
  slide.height = 768;
  slide.mpp = 1;
  slide.seed = seed;
  slide.levels = 1;
  slide.tissue_permille = 700;
  slide.nuclei_per_square_mm = static_cast<int>(kFewest + kMore * std::clamp(patient.mixture[immune], 0.0, 1.0));
  const auto darker = [&](int value) { return static_cast<std::uint8_t>(value - 40 * patient.mixture[tumour]); };
  slide.stain_dark = {darker(205), darker(140), darker(180)};
  write_virtual_slide(file, slide);
}

}  // namespace mtlgrid

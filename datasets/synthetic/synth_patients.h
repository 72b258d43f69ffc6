// Virtual patients: a latent biology, the labels that follow from it, and tiles that show it.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/random.h"

namespace mtlgrid {

// Uniform and normal numbers from a stream, one after the other.
class Draws {
 public:
  explicit Draws(const RandomStream& stream) : stream_(stream) {}
  double uniform() { return stream_.uniform_double(counter_++); }
  double normal();  // Box-Muller

 private:
  RandomStream stream_;
  std::uint64_t counter_ = 0;
};

enum Tissue { tumour, stroma, immune, glands, kTissues };

struct VirtualPatient {
  double hot = 0, repair = 0;              // the latent axes: immune infiltration (MSI), growth (HRD)
  std::array<double, kTissues> mixture{};  // shares of the tissues in this patient's tiles
  std::map<std::string, double>
      auxiliary;  // ITH, LF, LISS, Prolif, SF (Null): functions of mixture and axes, plus noise
};
VirtualPatient draw_patient(const RandomStream& stream);
// The same with tiles that show the axes more purely, LF and LISS that follow `hot` and Prolif that follows `repair`
// closely, and `Null`, a normal number of its own, instead of SF.
VirtualPatient draw_planted_patient(const RandomStream& stream);

// What a tile of each tissue looks like, [kTissues][features]; the same in all cohorts of a seed.
using Prototypes = std::array<std::vector<double>, kTissues>;
Prototypes draw_prototypes(const RandomStream& stream, int features);

// A slide of the patient: [tiles, features] float16 bit patterns, non-negative as after a ReLU; `median_tiles` tiles in
// the median, within a factor of two.
std::vector<std::uint16_t> draw_slide(const RandomStream& stream, const VirtualPatient& patient,
                                      const Prototypes& prototypes, int median_tiles);

}  // namespace mtlgrid

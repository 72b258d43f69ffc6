// Slides of a new cohort, whose features `predict` computes first.
#pragma once

#include <cstdint>
#include <filesystem>

namespace mtlgrid {

class Database;

struct NewSlides {
  std::filesystem::path slides;    // folder of whole-slide images
  std::filesystem::path features;  // folder for their features; whole files that are there are kept
  double default_mpp = 0;          // microns per pixel of slides that do not say it; 0: not given
};

// Computes the features that are not there yet, as the slides of the store were extracted: by the settings of its only
// grid of slides. Each slide is read in a process of its own; one that cannot be used is named, and the others
// continue. Throws InputError where the store has no such grid or several, or nothing came out, and what the trainer
// refused with.
void extract_new_slides(const Database& store, const NewSlides& wanted, int threads);

}  // namespace mtlgrid

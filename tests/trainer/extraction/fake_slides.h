// Slides of tests/fake_openslide: lines of text, read by that library in the place of OpenSlide.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "tests/orchestrator/config/scratch.h"

namespace mtlgrid::testing {

// To be called before the first slide is opened: the library is opened once in a process.
inline void use_fake_openslide() { ::setenv("MTLGRID_OPENSLIDE", MTLGRID_BUILD "/libfake_openslide.so", 1); }

inline std::filesystem::path write_fake_slide(const Scratch& scratch, const std::string& name,
                                              const std::string& text) {
  return scratch.write(name, "fake-slide " + text + "\n");
}

}  // namespace mtlgrid::testing

// Why a patient or a slide of a cohort is not used.
#pragma once

#include <string>

namespace mtlgrid {

// `slide` is empty where the whole patient is dropped.
struct Drop {
  std::string cohort, patient, slide, reason;
};

}  // namespace mtlgrid

// The one place that makes extractors, by name. No torch in this header.
#pragma once

#include <memory>

#include "trainer/extractors/extractor.h"

namespace mtlgrid {

// Throws InputError with every problem of the settings and of the files that they name; SystemError where the system
// refuses to read one.
std::unique_ptr<Extractor> make_extractor(const ExtractorSettings& settings);

}  // namespace mtlgrid

// The extractor `mean-colour`, which needs no weights: for tests and demonstrations.
#pragma once

#include <memory>

#include "trainer/extractors/extractor.h"

namespace mtlgrid {

// Width 3: the means of red, green and blue over the tile, 0 to 255, of tiles of any size. Exact sums, rounded once.
std::unique_ptr<Extractor> make_mean_colour();

}  // namespace mtlgrid

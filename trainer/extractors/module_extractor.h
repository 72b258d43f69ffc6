// Any other network: a model that the user exported from PyTorch, with its description
// (trainer/formats/extractor_description.h). No torch in this header.
#pragma once

#include <memory>

#include "trainer/extractors/extractor.h"
#include "trainer/formats/extractor_description.h"

namespace mtlgrid {

// Loads the model: TorchScript by torch::jit::load, a package of AOTInductor by its loader, which unpacks it into a
// folder of $TMPDIR. Both may run any code with the user's rights (docs/security.md). Runs it once on zeros. Throws
// InputError if it cannot be loaded or run, or gives something other than [n, output]. The model runs in batches of
// exactly `settings.batch` tiles (the description's batch, where it has one), the last one padded.
std::unique_ptr<Extractor> make_module_extractor(const ExtractorSettings& settings,
                                                 const ExtractorDescription& description);

}  // namespace mtlgrid

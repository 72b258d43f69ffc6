// The service of a trainer process that extracts slides. Torch, in its extractors.
#pragma once

#include <memory>

#include "trainer/contract/pipe_messages.h"
#include "trainer/process/service.h"

namespace mtlgrid {

// `setup.experiment.extraction` says what to do. Makes the extractor, which takes seconds; throws as make_extractor().
std::unique_ptr<CellService> make_extraction_service(const Setup& setup);

// The only slide of `extraction`, in this process and outside any grid. Throws as extract_slide() and make_extractor().
SlideRecord extract_one(const Extraction& extraction, const RunSettings& run);

}  // namespace mtlgrid

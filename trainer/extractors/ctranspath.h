// The extractors `ctranspath` and `chief-ctranspath`. No torch in this header.
#pragma once

#include <memory>

#include "trainer/extractors/extractor.h"
#include "trainer/formats/ctranspath_weights.h"

namespace mtlgrid {

// In float32 on a CPU with oneDNN's kernels by swin_network.h, otherwise by ATen's operations (swin_reference.h) in
// batches of exactly `settings.batch` tiles, the last one padded. Throws InputError and SystemError as
// ctranspath::read_weights() for settings.weights.
std::unique_ptr<Extractor> make_ctranspath(const ExtractorSettings& settings);
// The same with weights that have been read; `note`: Extractor::notes().
std::unique_ptr<Extractor> make_ctranspath(const ExtractorSettings& settings, const ctranspath::Weights& weights,
                                           const std::string& note);

}  // namespace mtlgrid

// A feature file that was read, as the fields of an answer (reader_frames.h).
#pragma once

#include "datasets/features/feature_reader.h"
#include "datasets/features/reader_frames.h"

namespace mtlgrid {

FrameFields to_answer(const CheckedFile& file);
// Throws Nonsense unless every field is one that to_answer() gives.
CheckedFile from_answer(const FrameFields& answer);

}  // namespace mtlgrid

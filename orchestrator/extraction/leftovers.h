// Temporary files of trainers that were killed while they wrote a slide's files.
#pragma once

#include "trainer/contract/extraction.h"

namespace mtlgrid {

// Removes NAME.h5.HOST.PROCESS.tmp and NAME.jpg.HOST.PROCESS.tmp (process_suffix(), base/files.h) below the cohorts'
// folders of features. To be called while no trainer of this run is at work. What cannot be listed or removed stays.
void remove_leftovers(const Extraction& extraction);

}  // namespace mtlgrid

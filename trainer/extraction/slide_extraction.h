// One slide, from its file to its feature file.
#pragma once

#include <functional>
#include <optional>

#include "base/file_calls.h"
#include "results/records/slide_record.h"
#include "trainer/contract/extraction.h"
#include "trainer/extractors/extractor.h"

namespace mtlgrid {

// What a slide is extracted with.
struct ExtractionMeans {
  const Extraction& extraction;
  Extractor& extractor;
  int decoders = 1;  // threads that read and tessellate ahead of the network
  FileCalls& files = FileCalls::real();
};

// Who hears of the progress, on the calling thread.
struct ExtractionListener {
  // Called between batches, and while decoders are at work only if they got on meanwhile: a decoder that never ends is
  // heard of by nobody. True: stop.
  std::function<bool()> stop;
  // `done` of `supertiles` are through the network.
  std::function<void(int done, int supertiles)> progress;
};

// Reads the slide, computes the features of the tiles that are kept, in batches of supertile after supertile, and
// writes feature file and thumbnail; where no tile was kept, the thumbnail alone, and an older feature file goes.
// nullopt if it was stopped: then nothing was written. The files are a function of the slide and the settings. Memory:
// the features, and at most about a gigabyte of tiles, whatever the slide's size. Throws InputError naming the slide
// and what is wrong with it, SystemError, FileError, Error(cell_failed) for features that are not finite, and what the
// extractor throws.
std::optional<SlideRecord> extract_slide(const Extraction::Slide& slide, const ExtractionMeans& means,
                                         const ExtractionListener& listener);

}  // namespace mtlgrid

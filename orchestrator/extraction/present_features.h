// Feature files that are there before slides are extracted.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/causes.h"
#include "orchestrator/extraction/extractor_files.h"
#include "results/records/slide_record.h"
#include "trainer/contract/extraction.h"

namespace mtlgrid {

class FeatureReader;

// Looks at the files in the place of a cohort's features. Kept are those with this extraction's mark, and those of
// another program with its extractor and its tiles. A file that cannot be read to its end is made again, as is one
// whose slide's microns per pixel were configured otherwise; a note says so. A file made with other settings is a
// problem.
class PresenceCheck {
 public:
  // The references must outlive this.
  PresenceCheck(const Extraction& extraction, const ExtractorFiles& extractor, FeatureReader& reader)
      : extraction_(extraction), extractor_(extractor), reader_(reader) {}
  // Adds what the slide's file says to `present`, by the cell's name, if it is kept; of another program's file that is
  // the number of tiles alone. Throws SystemError.
  void look_at(const SlideCohort& cohort, const SlideInput& slide, std::map<std::string, SlideRecord>& present);
  // One line a cause, beginning with `where`.
  void report(const std::string& where, Problems& problems, std::vector<std::string>& notes) const;

 private:
  const Extraction& extraction_;
  const ExtractorFiles& extractor_;
  FeatureReader& reader_;
  Causes again_, in_the_way_;
};

}  // namespace mtlgrid

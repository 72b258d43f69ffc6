// A patient's bag, read from feature files that must still be those that were checked.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/errors.h"
#include "datasets/features/features.h"
#include "datasets/features/known_features.h"

namespace mtlgrid {

// A feature file is not the one that was checked: it has other features, or none that can be read. Neither a cell nor
// the system is at fault; a person decides (needs_person), and nobody tries again.
class FeaturesChanged : public Error {
 public:
  // what() is one line, "features changed: cohort C, patient P: FILE: WHAT; WAY ON".
  FeaturesChanged(const std::string& cohort, const std::string& patient, const std::string& file_and_what);
};

// Reads the patient's files, in their order, and compares each with its hash. Throws FeaturesChanged unless all are as
// they were, SystemError as read_bag does, and InputError if they are not `width` features wide.
Bag read_patient_bag(const std::string& cohort, const std::string& patient, const std::vector<KnownFeatures>& files,
                     std::int64_t width);

// Whether `bag` consists of exactly the tiles of these files.
bool is_bag_of(const BagView& bag, const std::vector<KnownFeatures>& files);

}  // namespace mtlgrid

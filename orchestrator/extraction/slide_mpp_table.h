// Microns per pixel of slides, from a column of a cohort's table.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "datasets/cohorts/cohort.h"

namespace mtlgrid {

class MppTable {
 public:
  // Reads `files.mpp_column` of the slide table, or of the clinical one where there is none: then a slide has its
  // patient's name. Problems: a table that cannot be read, columns that are not there, values that are not numbers
  // above 0, and two values for one slide. Empty without the key.
  static MppTable read(const CohortFiles& files, Problems& problems);
  // Of the slide of this name (its path below the folder of slides, without suffix), or of a row that gives its file
  // name alone; nullopt where no row does or its cell is empty.
  std::optional<double> find(const std::string& slide) const;

 private:
  std::map<std::string, double> values_;
};

}  // namespace mtlgrid

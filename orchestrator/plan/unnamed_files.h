// Feature files in the folders of cohorts that no row of a table names.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "orchestrator/plan/plan.h"

namespace mtlgrid {

// Such files of one cohort's folder, ascending, as paths relative to it.
struct UnnamedFiles {
  std::string cohort;
  std::vector<std::string> files;
  std::size_t all = 0;  // slides with feature files in the folder
};

// One for each cohort that has such files, in the order of the plan's cohorts. Files that another cohort of the plan
// names do not count; where several cohorts list a file, it counts for the first. Of a folder that is, is in, or has in
// it that of a cohort of the configuration which was not read nothing is known, and nothing said.
std::vector<UnnamedFiles> unnamed_files(const Plan& plan);

}  // namespace mtlgrid

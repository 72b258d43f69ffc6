// The section [extract], and the keys of [cohort.NAME] that extraction adds.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "datasets/cohorts/cohort.h"
#include "orchestrator/config/section_reader.h"
#include "trainer/contract/extraction.h"

namespace mtlgrid {

// Makes a path of the configuration absolute.
using ToAbsolute = std::function<std::filesystem::path(const std::string&)>;

// Reads the keys of [extract] into `settings`. Which files they name is not looked at.
void read_extract(SectionReader& section, ExtractSettings& settings, const ToAbsolute& absolute);

// Reads `slides_folder`, `default_mpp`, `mpp_column` and `features` of a cohort. With `slides_folder`, `features` may
// be absent: they are in features/NAME beside the configuration then.
void read_slides(SectionReader& cohort, CohortFiles& files, const ToAbsolute& absolute);

}  // namespace mtlgrid

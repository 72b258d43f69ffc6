// The text of a proposed configuration.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "orchestrator/proposal/biomarker_guess.h"
#include "orchestrator/proposal/cohort_guess.h"
#include "orchestrator/proposal/found_files.h"
#include "orchestrator/proposal/proposal.h"

namespace mtlgrid {

// The configuration, for a file `out`, with the slide tables that it needs beside it (OUT's name without suffix,
// "-slides-", the cohort's name, ".csv"). Its summary ends with `notes`.
Proposal proposal_of(const std::vector<CohortGuess>& cohorts, const std::vector<BiomarkerGuess>& biomarkers,
                     const FoundFiles& found, const std::filesystem::path& out, std::vector<std::string> notes);

}  // namespace mtlgrid

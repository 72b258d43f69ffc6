// Which patients of a new cohort a network was trained on.
#pragma once

#include <filesystem>
#include <string>

#include "datasets/cohorts/cohort.h"
#include "orchestrator/commands/trained_cell.h"

namespace mtlgrid {

// Lines on patients that the network was trained on, whose predictions say nothing about new patients: those of the
// same names, those who may be the same under another name, and those with other names and the same slides (stores of
// earlier versions do not tell). "" if none is.
std::string trained_on(const std::filesystem::path& store, const TrainedCell& trained, const Cohort& cohort);

}  // namespace mtlgrid

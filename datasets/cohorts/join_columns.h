// The columns by which the clinical and the slide table are joined.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "datasets/cohorts/cohort.h"

namespace mtlgrid {

struct JoinColumns {
  std::size_t patient;        // of the table that lists the patients: the clinical one, or the slide table without one
  std::size_t slide_patient;  // of the slide table
  std::size_t filename;       // of the slide table
};

// The name of the slide table's patient column.
const std::string& slide_patient_column(const CohortFiles& files);

// Finds the columns that `files` names. A column that is not there, or is there twice, is a problem; where another
// column has the other table's patients, the line says so and which key to write. nullopt if there was a problem.
std::optional<JoinColumns> join_columns(const CohortFiles& files, const Table& clini, const Table& slides,
                                        Problems& problems);

}  // namespace mtlgrid

// What a grid's registration records of its patients, so that two grids can be compared by name.
#pragma once

namespace mtlgrid {

// The key of GridRecord::settings below which it is: {"features": {COHORT: {PATIENT: HASH}},
// "labels": {BIOMARKER: {COHORT: {PATIENT: 0 or 1}}}, "targets": {COHORT: {COLUMN: {PATIENT: NUMBER or null}}}}, and
// with `groups` in [grid] "site_groups": {COHORT: {PATIENT: VALUE}} of training patients.
// Not part of a grid's identity, which hashes the same data. Registrations of earlier versions lack it.
inline constexpr const char* kRecordedData = "data";

}  // namespace mtlgrid

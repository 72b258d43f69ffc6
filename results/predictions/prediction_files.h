// Predictions as the files that other programs read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>

#include "base/cell.h"
#include "base/files.h"
#include "results/store/sqlite.h"

namespace mtlgrid {

// Functions that read a grid's settings throw InputError where these are not JSON, and nlohmann::json::exception where
// they have not the shape that a run gives them.

// A grid's predictions that are to be written: of all its finished cells, or of `cells`.
struct PredictionSource {
  const Database& database;
  std::int64_t grid = 0;
  std::optional<std::set<Cell>> cells{};
};

// One csv (RFC 4180) with a row for each patient, cohort and cell: biomarker, auxiliary, method, fold, cohort, patient,
// class (the value of the label column, "" if it is not known), label (1 positive, 0 negative), score (P(positive)),
// log_odds, target, prediction. What there is not is an empty cell.
std::string prediction_csv(const PredictionSource& source);

// Writes `patient-preds.csv` as STAMP's cross-validation does (version 2; docs/other-tools.md has its columns), each at
//   FOLDER/BIOMARKER/AUXILIARY/METHOD/COHORT/split-FOLD/patient-preds.csv
// and the auxiliary of joint methods, for STAMP's regression statistics, at
//   FOLDER/BIOMARKER/AUXILIARY/METHOD/COHORT/regression/split-FOLD/patient-preds-FOLD.csv
// with a file name of its own for each fold, because STAMP 2.5 tells the files of a regression by their names alone.
// Patients without a class, or without a value of the auxiliary, are left out of the one or the other. Classes are the
// first value of each. Returns the number of files. Throws InputError if a biomarker's negative value is not known (a
// store of version 0.1), FileError as write_by_rename() does.
std::size_t write_stamp_predictions(FileCalls& calls, const PredictionSource& source,
                                    const std::filesystem::path& folder);

// Descriptions of the store's views for datasette (`datasette grid.db --metadata FILE`), as JSON. `name` is what
// datasette calls the database: its file's name without suffix.
std::string datasette_metadata(const Database& database, const std::string& name);

}  // namespace mtlgrid

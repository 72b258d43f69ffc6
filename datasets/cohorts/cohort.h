// A cohort: the patients of one group with their slides, feature files and clinical table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/errors.h"
#include "datasets/cohorts/drop.h"
#include "datasets/cohorts/geometry_groups.h"
#include "datasets/features/feature_info.h"
#include "datasets/features/known_features.h"
#include "datasets/tables/table.h"

namespace mtlgrid {

// Where a cohort's files are (configuration section [cohort.NAME]); paths are absolute. Without a clinical table, the
// patients are those of the slide table, without labels. Without a slide table, the file of a patient is
// FEATURES/PATIENT.h5 or .pt.
struct CohortFiles {
  std::string name;
  std::filesystem::path clini, slides, features;
  std::string patient_column = "PATIENT", filename_column = "FILENAME";
  std::string slide_patient_column{};     // of the slide table; empty: as `patient_column`
  std::vector<std::string> missing{};     // further spellings of a missing value, beside pandas' (read_table)
  bool by_options = false;                // named by a command's options, not by a configuration
  std::filesystem::path slides_folder{};  // of whole-slide images, for `mtlgrid extract`; empty: none
  double default_mpp = 0;                 // microns per pixel of slides that do not say it; 0: not set
  std::string mpp_column{};               // of the slide table, else of the clinical one: the same, by slide
};

// What a person does so that `key` of these files is `value`: "write missing = NA in [cohort.A]", or, where options
// named the files, "give --missing NA".
std::string how_to_set(const CohortFiles& files, const std::string& key, const std::string& value);

struct FeatureFile {
  std::filesystem::path path;
  std::int64_t tiles = 0;
  std::string hash{};  // of its features
};

struct Patient {
  std::string name;
  std::vector<FeatureFile> slides;  // slide-table row order; the bag is their tiles one after the other
  std::size_t clini_row = 0;        // row of `Cohort::clini` if there is one
  std::string fingerprint{};        // hex hash of its slides' names and the content of their files
  std::int64_t tiles() const;
};

// The patient's files, in their order, as trainers are told of them.
std::vector<KnownFeatures> known_features(const Patient& patient);

struct Cohort {
  CohortFiles files;
  Table clini;                              // empty if there is none
  std::vector<Patient> patients;            // with at least one feature file; ascending by bytes of the name
  std::int64_t width = 0;                   // features a tile, D
  std::string extractor;                    // canonical name; empty if no file says
  bool by_encoder = false;                  // no file's attribute `extractor` says it, only datasets' `encoder`
  FeatureLevel level = FeatureLevel::tile;  // what a row of features is of (cohort_level.h)
  std::vector<GeometryGroup> geometries;    // of the files that pairs use, the most frequent first
  bool by_pytorch = false;                  // all files are PyTorch's, which cannot say by which extractor
  std::vector<Drop> drops;
  // Slides of the feature folder, by the relative paths of their files (FeatureIndex::slides()), ascending: those that
  // some row of the slide table names (without one: some patient), whether they are used or not, and the others.
  std::vector<std::string> named_files, unnamed_files;
  std::vector<std::string> inferences;  // of its tables and feature files, one sentence each, with the evidence
  std::string fingerprint;  // hex hash of what training reads: feature files' content hashes, patients and slides
  std::vector<std::string> warnings;        // what may be a mistake and refuses nothing, one line each
  std::vector<std::string> unread_missing;  // spellings of a missing value that used columns have and nobody declared
};

// how_to_set() for `missing`: the spellings that are there, those of `unread_missing`, and `more`, each once. Whichever
// of a cohort's problems gives this advice, it is the same list.
std::string how_to_read_as_missing(const Cohort& cohort, const std::vector<std::string>& more);

// Adds a problem with the number and examples of patients who are in both cohorts (a leak of training patients into an
// external cohort).
void check_disjoint(const Cohort& training, const Cohort& external, Problems& problems);

// Adds a problem if the cohorts' features differ in width, in the extractor's canonical name, in what a row is of, or
// in how tiles were cut. Where one cohort's files do not name the extractor and the other's do so by `encoder` alone,
// or cannot name it, that is a warning below.
void check_same_features(const Cohort& training, const Cohort& external, Problems& problems);
// Warnings on the external cohort, one line each: an extractor that only one cohort names.
std::vector<std::string> warn_of_other_features(const Cohort& training, const Cohort& external);

// What to do about files that do not name their extractor where `expected` is.
std::string advice_on_unnamed_extractor(const std::string& expected);

}  // namespace mtlgrid

// A cohort: the clinical table, the slide table and the feature files of one group of patients, joined and checked.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/errors.h"
#include "datasets/drop.h"
#include "datasets/table.h"

namespace mtlgrid {

// Where a cohort's files are (configuration section [cohort.NAME]); paths are absolute. Without a clinical table its
// patients are all those of the slide table, and have no labels.
struct CohortFiles {
  std::string name;
  std::filesystem::path clini, slides, features;
  std::string patient_column = "PATIENT", filename_column = "FILENAME";
};

struct FeatureFile {
  std::filesystem::path path;
  std::int64_t tiles = 0;
};

struct Patient {
  std::string name;
  std::vector<FeatureFile> slides;  // slide-table row order; the bag is their tiles one after the other
  std::size_t clini_row = 0;        // row of `Cohort::clini` if there is one
  std::int64_t tiles() const;
};

struct Cohort {
  CohortFiles files;
  Table clini;                    // empty if there is none
  std::vector<Patient> patients;  // with at least one feature file; ascending by bytes of the name
  std::int64_t width = 0;         // features a tile, D
  std::string extractor;          // canonical name; empty if no file says
  std::vector<Drop> drops;
  std::string fingerprint;  // hex hash of what training reads: feature files' content hashes, patients and slides
};

// Remembers which feature files were read and found good, by path, size and modification time, so that a resumed
// run need not read terabytes again. `load` of a missing file gives an empty memory; saving is by rename.
class FingerprintMemory {
 public:
  static FingerprintMemory load(const std::filesystem::path& file);
  void save(const std::filesystem::path& file) const;
  // Hex content hash of the features in `file` if it is unchanged since it was remembered.
  std::optional<std::string> find(const std::filesystem::path& file) const;
  void remember(const std::filesystem::path& file, const std::string& hash);

 private:
  struct Entry {
    std::uint64_t size;
    std::int64_t modified_ns;
    std::string hash;
  };
  std::map<std::string, Entry> entries_;
};

// FILENAME is looked up below the feature folder with and without `.h5`; a bare name may lie in a sub-folder.
// Reads and joins a cohort by the data rules: slide rows without a file and patients without slides are dropped and
// accounted; everything that is wrong is added to `problems` (all of it, one line each with file and row), in which
// case the returned cohort must not be used. Reads every feature file once to check its values and hash it, unless
// `memory` knows it.
Cohort load_cohort(const CohortFiles& files, FingerprintMemory& memory, Problems& problems);

// How a class label and an auxiliary target are read from a clinical table.
struct LabelRule {
  std::string column, positive;
  std::string negative;             // empty: any other single value
  std::vector<std::string> ignore;  // rows with these values are dropped and accounted
};

// The patients of a cohort that a pair can use, with their labels. Rows are in ascending order of the patient's name.
struct LabelledRows {
  std::vector<int> patient;    // index into Cohort::patients
  std::vector<int> label;      // 1 positive, 0 negative
  std::vector<double> target;  // table units; NaN where missing (external cohorts only)
  std::vector<Drop> drops;
};

// Training cohorts need both labels; external cohorts the class label alone (`target_required` false): there the
// column may even be absent. Problems (third class value, text that is no number, column missing, repeated rows of a
// patient that differ in a used column) name file and row. Where the rule names no negative value, it is the commonest
// other one. A training cohort left with one class, and any cohort left with no patient, are problems too.
LabelledRows label_rows(const Cohort& cohort, const LabelRule& rule, const std::string& auxiliary_column,
                        bool target_required, Problems& problems);

// Adds a problem for every patient who is in both cohorts (a leak of training patients into an external cohort).
void check_disjoint(const Cohort& training, const Cohort& external, Problems& problems);

// Adds a problem if the cohorts' features differ in width or in the extractor's canonical name.
void check_same_features(const Cohort& training, const Cohort& external, Problems& problems);

}  // namespace mtlgrid

// An experiment small enough to train in milliseconds, with its feature files in a folder of its own.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "base/random.h"
#include "datasets/features/fingerprint.h"
#include "datasets/synthetic/synth_features.h"
#include "trainer/contract/experiment.h"

namespace mtlgrid::testing {

// A folder that is gone at the end of the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "mtlgrid-trainer-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp " + name);
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// float16 bits of a few exact values.
inline std::uint16_t half_of(int eighths) {  // eighths / 8 in [-2, 2]
  if (eighths == 0) return 0;
  const int magnitude = std::abs(eighths);
  const int exponent = static_cast<int>(std::floor(std::log2(magnitude))) - 3;
  const int mantissa = (magnitude * 1024 >> (exponent + 3)) - 1024;
  return static_cast<std::uint16_t>((eighths < 0 ? 0x8000 : 0) | ((exponent + 15) << 10) | mantissa);
}

inline constexpr std::int64_t kTinyWidth = 6;

// A cohort of `patients` with 1 to 5 tiles each, drawn from a stream of its name.
inline ExperimentCohort tiny_cohort(const std::filesystem::path& folder, const std::string& name, int patients) {
  ExperimentCohort cohort;
  cohort.name = name;
  cohort.width = kTinyWidth;
  std::filesystem::create_directories(folder / name);
  const RandomStream stream(11, name);
  std::uint64_t counter = 0;
  for (int i = 0; i < patients; ++i) {
    const std::string patient = name + "-" + std::to_string(i);
    std::vector<std::uint16_t> values(static_cast<std::size_t>(kTinyWidth) * (1 + stream.below(5, counter)));
    for (auto& v : values) v = half_of(static_cast<int>(stream.below(33, counter)) - 16);
    const auto file = folder / name / (patient + ".h5");
    write_features(file, values, kTinyWidth, StampLayout::v2, "test");
    const auto tiles = static_cast<std::int64_t>(values.size()) / kTinyWidth;
    cohort.patients.push_back({patient, {{file.string(), tiles, hash_features(values, tiles, kTinyWidth)}}});
  }
  return cohort;
}

inline PairCohort tiny_pair(int cohort, int patients) {
  PairCohort pair;
  pair.cohort = cohort;
  for (int i = 0; i < patients; ++i) {
    pair.patient.push_back(i);
    pair.label.push_back(i % 2);
    pair.target.push_back(10 + (i * 7) % 5);
  }
  return pair;
}

// One pair, one fold: 6 training, 3 validation, 4 test patients, and an external cohort of 6 with a missing target.
inline Experiment tiny_experiment(const std::filesystem::path& folder) {
  Experiment e;
  e.grid = "0123456789abcdef0123456789abcdef";
  e.seed = 1337;
  e.model = {.d_model = 8, .heads = 2, .ff = 8, .encoder_layers = 2, .decoder_layers = 2, .dropout = 0.1};
  e.train = {.epochs = 3, .patience = 7, .lr = 1e-3, .weight_decay = 0.01, .validation = 0.2};
  e.bootstrap.resamples = 20;
  e.run.bag_cache_folder = folder;  // what a killed trainer leaves goes with the folder
  e.cohorts = {tiny_cohort(folder, "INNER", 13), tiny_cohort(folder, "OUTER", 6)};
  Pair pair;
  pair.biomarker = "MSI";
  pair.auxiliary = "LF";
  pair.label_column = "is.MSIH";
  pair.auxiliary_column = "LF";
  pair.training = tiny_pair(0, 13);
  pair.external = {tiny_pair(1, 6)};
  pair.external[0].target[2] = std::numeric_limits<double>::quiet_NaN();
  pair.folds = {{.train = {3, 0, 8, 5, 10, 1}, .valid = {2, 7, 6}, .test = {4, 9, 11, 12}}};
  e.pairs = {pair};
  return e;
}

}  // namespace mtlgrid::testing

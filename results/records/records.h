// What a finished cell consists of: written by the trainer, carried as MessagePack, kept in journal and store.
//
// A missing number is NaN here (MessagePack keeps it) and NULL in the store.
#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/cell.h"
#include "results/records/slide_record.h"

namespace mtlgrid {

inline constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();  // a number that is missing or undefined

inline constexpr const char* kTestCohort = "test";  // the held-out fold's name in the column `cohort`

// A patient's prediction. `target` and `prediction` are in table units; NaN where there is none.
struct Prediction {
  std::string cohort, patient;
  int label = 0;        // 1 positive, 0 negative
  double score = 0;     // P(positive)
  double log_odds = 0;  // logit(positive) - logit(negative): cross-entropy is computed from it
  double target = 0, prediction = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Prediction, cohort, patient, label, score, log_odds, target, prediction)

// A patient's embedding: the decoded class token of the best weights, d_model values (384 in the paper).
struct Embedding {
  std::string cohort, patient;
  std::vector<float> values;
};

// A metric of a cell on one cohort, with its bootstrap CI; value NaN and a reason where it is undefined.
struct MetricRow {
  std::string cohort, metric;
  double value = 0, ci_low = 0, ci_high = 0;
  std::int64_t n = 0;        // patients it was computed on
  std::int64_t redrawn = 0;  // bootstrap resamples in which it was undefined, drawn again
  std::string reason;        // why value is NaN, or "no CI: ..." why there is a value alone; otherwise empty
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(MetricRow, cohort, metric, value, ci_low, ci_high, n, redrawn, reason)

// One epoch of training. Losses are means over patients; regression losses are of the scaled target, NaN in `baseline`.
struct EpochRow {
  int epoch = 0;  // from 1
  double train_classification = 0, train_regression = 0, valid_classification = 0, valid_regression = 0;
  double weight_classification = 0, weight_regression = 0;  // task weights at the end of the epoch
  double seconds = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(EpochRow, epoch, train_classification, train_regression, valid_classification,
                                   valid_regression, weight_classification, weight_regression, seconds)

// The losses of one epoch, as in EpochRow; NaN: not known, or the method has none.
struct EpochLosses {
  double train_classification = kMissing, train_regression = kMissing;
  double valid_classification = kMissing, valid_regression = kMissing;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(EpochLosses, train_classification, train_regression, valid_classification,
                                   valid_regression)

// Where and with what an attempt ran; differences between cells of a table become a footnote.
struct Environment {
  std::string host, device, cpu, version, libraries;  // device: "cpu" or the GPU's name and UUID
  int rank = 0, threads = 1, pack = 1;
  std::string members;  // methods of the pack, comma-separated; journals of 0.1 lack it
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Environment, host, device, cpu, version, libraries, rank, threads, pack,
                                                members)

// Everything that is kept of a finished attempt.
struct CellResult {
  Cell cell;
  int attempt = 0;
  Environment environment;
  int best_epoch = 0;             // from 1
  int resumed = 0;                // the epoch in which it continued from an earlier attempt's checkpoint; 0: it did not
  double started = 0, ended = 0;  // of this attempt alone; seconds since 1970, UTC
  std::vector<EpochRow> epochs;
  std::vector<Prediction> predictions;
  std::vector<MetricRow> metrics;
  std::vector<Embedding> embeddings;  // external cohorts and test
  std::optional<SlideRecord> slide;   // of a slide, which has none of the rows above
};

void to_json(nlohmann::json& j, const Embedding& e);  // values as one binary field, float32 little-endian
void from_json(const nlohmann::json& j, Embedding& e);
void to_json(nlohmann::json& j, const CellResult& r);
void from_json(const nlohmann::json& j, CellResult& r);

}  // namespace mtlgrid

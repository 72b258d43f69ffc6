#include "trainer/contract/report_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "base/errors.h"
#include "tests/trainer/contract/small_result.h"

namespace mtlgrid {
namespace {

using testing::good_result;
using ::testing::HasSubstr;
using testing::small_experiment;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::string refusal(const CellResult& result) {
  try {
    check_result(result, small_experiment());
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

TEST(CheckResult, AcceptsWhatATrainerReports) { EXPECT_EQ(refusal(good_result()), ""); }

TEST(CheckResult, RefusesWhatCannotBeOfTheExperiment) {
  const std::vector<std::pair<std::string, std::function<void(CellResult&)>>> changes = {
      {"not in this experiment", [](CellResult& r) { r.cell.fold = 1; }},
      {"not in this experiment", [](CellResult& r) { r.cell.auxiliary = "XX"; }},
      {"fold is -1", [](CellResult& r) { r.cell.fold = -1; }},
      {"attempt is 0", [](CellResult& r) { r.attempt = 0; }},
      {"2 predictions and 3 embeddings, expected 3", [](CellResult& r) { r.predictions.pop_back(); }},
      {"3 predictions and 0 embeddings", [](CellResult& r) { r.embeddings.clear(); }},
      {"4 predictions", [](CellResult& r) { r.predictions.push_back(r.predictions.back()); }},
      {"'b' of 'test' where 'c' of 'test'", [](CellResult& r) { std::swap(r.predictions[0], r.predictions[1]); }},
      {"'stranger' of 'test'", [](CellResult& r) { r.embeddings[1].patient = "stranger"; }},
      {"the label of 'x' is another", [](CellResult& r) { r.predictions[2].label = 1; }},
      {"the score of 'c' is nan", [](CellResult& r) { r.predictions[0].score = kMissing; }},
      {"the score of 'c' is 1.5", [](CellResult& r) { r.predictions[0].score = 1.5; }},
      {"log odds of a prediction is inf", [](CellResult& r) { r.predictions[0].log_odds = kInfinity; }},
      {"a prediction is -inf", [](CellResult& r) { r.predictions[1].prediction = -kInfinity; }},
      {"not of 2 finite values", [](CellResult& r) { r.embeddings[0].values.resize(3); }},
      {"not of 2 finite values",
       [](CellResult& r) { r.embeddings[0].values[0] = std::numeric_limits<float>::infinity(); }},
      {"metric 'nonsense' of 'test'", [](CellResult& r) { r.metrics[0].metric = "nonsense"; }},
      {"metric 'auroc' of 'INNER'", [](CellResult& r) { r.metrics[0].cohort = "INNER"; }},
      {"auroc twice", [](CellResult& r) { r.metrics[1].cohort = "test"; }},
      {"n of a metric is 3, expected 0 to 2", [](CellResult& r) { r.metrics[0].n = 3; }},
      {"redrawn is -1", [](CellResult& r) { r.metrics[0].redrawn = -1; }},
      {"a metric is inf", [](CellResult& r) { r.metrics[0].value = kInfinity; }},
      {"4 epochs, at most 3", [](CellResult& r) { r.epochs.resize(4); }},
      {"epoch 2 is in the place of epoch 1", [](CellResult& r) { r.epochs.erase(r.epochs.begin()); }},
      {"best epoch is 4", [](CellResult& r) { r.best_epoch = 4; }},
      {"in which it continued is -1", [](CellResult& r) { r.resumed = -1; }},
      {"time of its end is nan", [](CellResult& r) { r.ended = kMissing; }},
      {"threads is -1", [](CellResult& r) { r.environment.threads = -1; }},
      {"at most 65536", [](CellResult& r) { r.environment.cpu.assign(kLongestText + 1, 'x'); }},
  };
  for (const auto& [why, change] : changes) {
    CellResult result = good_result();
    change(result);
    EXPECT_THAT(refusal(result), HasSubstr(why));
  }
}

TEST(CheckResult, OfACellThatIsNotTrainedHasNoRows) {
  CellResult result = good_result();
  EXPECT_THROW(check_empty_result(result), Error);
  result.epochs.clear(), result.metrics.clear(), result.predictions.clear(), result.embeddings.clear();
  EXPECT_NO_THROW(check_empty_result(result));
  EXPECT_THROW(check_result(result, small_experiment()), Error);
}

TEST(CheckReport, RefusesValuesThatNoTrainerHas) {
  const Cell cell = {"MSI", "LF", "naive", 0};
  const std::vector<std::pair<std::string, FromTrainer>> reports = {
      {"epoch is 5, expected 0 to 4", Progress{cell, 1, 5, 4}},
      {"epochs is -1", Progress{cell, 1, 0, -1}},
      {"attempt is 0", Stopped{cell, 0}},
      {"attempt is -7", Failed{cell, -7, "", ""}},
      {"the largest pack is -1", Ready{1, -1, {}}},
      {"seconds of staging is nan", Staged{"", 0, 0, 0, kMissing, {}}},
      {"a cause has 65537 bytes", Failed{cell, 1, std::string(kLongestText + 1, 'x'), ""}},
  };
  for (const auto& [why, report] : reports) {
    try {
      check_report(report);
      ADD_FAILURE() << why;
    } catch (const Error& e) {
      EXPECT_THAT(e.what(), HasSubstr(why));
    }
  }
  EXPECT_NO_THROW(check_report(Progress{cell, 1, 0, 0}));
  EXPECT_THROW(check_report(Failed{cell, 1, "cause\nmtlgrid: a line of its own", "", false}), Error);
  EXPECT_NO_THROW(check_report(Progress{cell, 1, 4, 4, {}, 5})) << "trained, and not yet evaluated";
  EXPECT_NO_THROW(check_report(Alive{}));
}

TEST(DecodeReport, AFieldThatCannotHoldItsValueIsAnError) {
  const nlohmann::json good = encode_message(Stopped{{"MSI", "LF", "naive", 0}, 3});
  EXPECT_NO_THROW(decode_report<FromTrainer>(good, "it"));
  for (const nlohmann::json& value : std::vector<nlohmann::json>{1.5, true, 1e300, 18446744073709551615U, 4294967299}) {
    nlohmann::json bad = good;
    bad["attempt"] = value;
    EXPECT_THROW(decode_report<FromTrainer>(bad, "it"), Error) << value;
  }
  nlohmann::json missing = good;
  missing.erase("cell");
  EXPECT_THROW(decode_report<FromTrainer>(missing, "it"), Error);
  nlohmann::json nan = encode_message(Progress{});
  EXPECT_NO_THROW(decode_report<FromTrainer>(nan, "it")) << "losses are NaN";
}

}  // namespace
}  // namespace mtlgrid

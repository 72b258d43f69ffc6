// Whole cells against a plain PyTorch loop: numbers of tests/oracle/whole_run.py.
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/oracle/oracle.h"
#include "tests/trainer/contract/tiny_experiment.h"
#include "tests/trainer/process/fake_control.h"
#include "trainer/training/pack_run.h"
#include "trainer/training/prediction.h"

namespace mtlgrid {
namespace {

struct Case {
  std::string method, protocol, precision;
  double tolerance;  // of |difference| / max(1, |value|)
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.method << " " << c.protocol << " " << c.precision; }

const nlohmann::json& oracle(const std::string& method, const std::string& protocol) {
  for (const auto& run : oracle_file("whole_run.json").at("runs")) {
    if (run["method"] == method && run["protocol"] == protocol) return run;
  }
  throw std::out_of_range(method + " " + protocol);
}

class WholeRun : public ::testing::TestWithParam<Case> {
 protected:
  WholeRun() : experiment(testing::tiny_experiment(folder.path())), bags(experiment) {
    at::set_num_threads(1);
    experiment.model.dropout = 0;
    experiment.protocol = GetParam().protocol == "paper" ? Protocol::paper() : Protocol::released_code();
    experiment.train.precision = GetParam().precision;
  }
  void expect_near(double found, const nlohmann::json& expected, const std::string& what) {
    if (expected.is_null()) {
      EXPECT_TRUE(std::isnan(found)) << what;
      return;
    }
    const double value = expected, error = std::abs(found - value) / std::max(1.0, std::abs(value));
    EXPECT_LT(error, GetParam().tolerance) << what << ": " << found << ", PyTorch " << value;
    worst = std::max(worst, error);
  }
  static nlohmann::json at_or_null(const nlohmann::json& list, std::size_t k) {
    return k < list.size() ? list[k] : nlohmann::json();
  }

  testing::TemporaryFolder folder;
  Experiment experiment;
  BagCache bags;
  double worst = 0;
};

TEST_P(WholeRun, LossesWeightsAndPredictionsAreThoseOfPyTorch) {
  const nlohmann::json& run = oracle(GetParam().method, GetParam().protocol);
  const Train train = {{"MSI", "LF", GetParam().method, 0}, 1, (folder.path() / "attempt").string(), {}};
  testing::FakeControl control;
  const std::vector<Train> pack = {train};
  DeviceBags on_cpu(bags, at::kCPU, 0);
  PackRun(experiment, pack, on_cpu, {}, {}).run(control);
  const CellResult result = control.results.at(GetParam().method);
  EXPECT_EQ(result.best_epoch, run["best_epoch"]);
  ASSERT_EQ(result.epochs.size(), run["epochs"].size());
  for (std::size_t e = 0; e < result.epochs.size(); ++e) {
    SCOPED_TRACE("epoch " + std::to_string(e + 1));
    const EpochRow& row = result.epochs[e];
    const auto& expected = run["epochs"][e];
    expect_near(row.train_classification, expected["train"][0], "training cross-entropy");
    expect_near(row.train_regression, at_or_null(expected["train"], 1), "training squared error");
    expect_near(row.valid_classification, expected["valid"][0], "validation cross-entropy");
    expect_near(row.valid_regression, at_or_null(expected["valid"], 1), "validation squared error");
    expect_near(row.weight_classification, expected["weights"][0], "weight of the classification");
    expect_near(row.weight_regression, at_or_null(expected["weights"], 1), "weight of the regression");
  }
  ASSERT_EQ(result.predictions.size(), run["predictions"].size());
  for (std::size_t i = 0; i < result.predictions.size(); ++i) {
    SCOPED_TRACE(result.predictions[i].patient);
    const auto& expected = run["predictions"][i];
    expect_near(result.predictions[i].log_odds, expected[0], "log odds");
    expect_near(result.predictions[i].prediction, expected[1], "regression");
    const std::vector<float>& embedding = result.embeddings[i].values;  // float32 whatever the training was
    ASSERT_EQ(embedding.size(), expected[2].size());
    for (std::size_t j = 0; j < embedding.size(); ++j) {
      EXPECT_NEAR(embedding[j], expected[2][j], std::max(GetParam().tolerance, 1e-6)) << "embedding";
    }
  }
  RecordProperty("largest_error", fmt::format("{:.1e}", worst));
}

class MetaGradient : public WholeRun {};

// Every step's, relative to the largest of all: under the released code's cosine the learning rate, a factor of the
// meta gradient, comes to 0.
TEST_P(MetaGradient, IsThatOfPyTorchInEveryStep) {
  const nlohmann::json& expected = oracle(GetParam().method, GetParam().protocol)["meta_gradients"];
  const Cell cell = {"MSI", "LF", GetParam().method, 0};
  const CellData data = cell_data(experiment, cell);
  const Pair& pair = experiment.pair_of(cell);
  const GroupStreams streams(experiment.seed, cell);
  StackStep step(method(cell.method), experiment.model, experiment.train, experiment.protocol,
                 make_layout(experiment.model, data.width, pair.label_column, pair.auxiliary_column), streams, at::kCPU,
                 1);
  const auto example = [&](std::uint32_t i) {
    const CellPatient& p = data.train[i];
    return Example{bag_tensor(bags.bag(p), step.parameters()), p.label, data.scaling.scale(p.target), "patient"};
  };
  double scale = 0;
  for (const auto& gradient : expected) {
    for (const double g : gradient) scale = std::max(scale, std::abs(g));
  }
  const double bound = GetParam().tolerance * scale;
  std::size_t number = 0;
  for (int epoch = 1; epoch <= experiment.train.epochs; ++epoch) {
    const auto order = streams.order.child(static_cast<std::uint64_t>(epoch)).permutation(6);
    const auto meta_order = streams.meta.child(static_cast<std::uint64_t>(epoch)).permutation(6);
    for (int i = 0; i < 6; ++i, ++number) {
      const auto at = static_cast<std::size_t>(i);
      step.run({epoch, i, static_cast<std::int64_t>(number)}, example(order[at]), example(meta_order[at]))[0].value();
      const double first = expected[number][0], second = expected[number][1];
      worst = std::max(worst, std::abs(step.last_meta_gradient()[0] - first) / scale);
      worst = std::max(worst, std::abs(step.last_meta_gradient()[1] - second) / scale);
      EXPECT_NEAR(step.last_meta_gradient()[0], first, bound) << "step " << number;
      EXPECT_NEAR(step.last_meta_gradient()[1], second, bound) << "step " << number;
    }
    step.epoch_done(0);
  }
  EXPECT_EQ(number, expected.size());
  RecordProperty("largest_error", fmt::format("{:.1e}", worst));
}

std::vector<Case> cases(const std::vector<std::string>& names) {
  std::vector<Case> all;
  for (const std::string& name : names) {
    for (const char* protocol : {"paper", "released-code"}) {
      all.push_back({name, protocol, "fp64", 1e-8});
      all.push_back({name, protocol, "fp32", 1e-4});
    }
  }
  return all;
}
std::vector<std::string> every_method() {
  std::vector<std::string> names;
  for (const Method& m : methods()) names.push_back(m.name);
  return names;
}
std::string case_name(const ::testing::TestParamInfo<Case>& one) {
  std::string name = one.param.method + "_" + one.param.protocol + "_" + one.param.precision;
  std::replace_if(name.begin(), name.end(), [](char c) { return c == '+' || c == '-'; }, '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(Methods, WholeRun, ::testing::ValuesIn(cases(every_method())), case_name);
INSTANTIATE_TEST_SUITE_P(AutoLambda, MetaGradient, ::testing::ValuesIn(cases({"autol", "autol+cagrad"})), case_name);

}  // namespace
}  // namespace mtlgrid

// The network against PyTorch's own modules: numbers of tests/oracle/model.py.
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/dot.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "base/philox.h"
#include "tests/trainer/network/gradient_rows.h"
#include "tests/trainer/network/model_fixture.h"
#include "trainer/network/model.h"
#include "trainer/training/losses.h"

namespace mtlgrid {
namespace {

using testing::GradientRows;
using testing::largest_difference;
using testing::ModelFixture;
using testing::output_rows;
using testing::OutputRows;
using testing::tensor;

struct Precision {
  at::ScalarType type;
  double tolerance;  // of |difference| / max(1, largest |value|) of an output; / largest |value| of a task's gradients
};
void PrintTo(const Precision& p, std::ostream* out) { *out << (p.type == at::kDouble ? "float64" : "float32"); }

// float32: PyTorch's own is up to 4e-7 from its float64 on these cases ("float32" in model.json).
const Precision kDouble = {at::kDouble, 1e-10}, kFloat = {at::kFloat, 1e-5};

class ModelAgainstPyTorch : public ::testing::TestWithParam<Precision> {
 protected:
  ModelAgainstPyTorch() { at::set_num_threads(1); }

  // Reads the next case and compares; `masks` null: no dropout.
  void compare_case(const nlohmann::json& c, const DropoutMasks* masks) {
    const bool joint = c["joint"];
    const std::int64_t tiles = c["tiles"], tasks = joint ? 2 : 1;
    const at::Tensor bag = next({tiles, fixture.width});
    const at::Tensor tokens = next({1, tasks, fixture.model.d_model}), logits = next({1, 1, 2}), losses = next({tasks});
    const ForwardPass pass = forward(view(), fixture.model, bag.to(type), joint, masks);
    expect_near(pass.tokens, tokens, "decoded tokens");
    expect_near(pass.logits, logits, "logits");
    const TaskLosses found = task_losses(pass, c["label"], c["target"]);
    for (std::int64_t k = 0; k < tasks; ++k) {
      const double expected = losses[k].item<double>();
      EXPECT_NEAR(found[static_cast<std::size_t>(k)], expected, GetParam().tolerance * std::max(1.0, expected));
    }
    GradientRows rows(fixture.layout, fixture.model, tasks, type);
    const OutputRows g = output_rows(pass, c["label"], c["target"]);
    backward(view(), pass, g.logits, g.regression, rows.view);
    for (std::int64_t k = 0; k < tasks; ++k) {
      const at::Tensor expected = tensor(fixture.flat(), {fixture.layout.total});
      const double largest = expected.abs().max().item<double>();
      for (const ParameterSpec& p : fixture.layout.parameters) {
        expect_near(rows.flat[k].narrow(0, p.offset, p.size), expected.narrow(0, p.offset, p.size),
                    p.name + ", task " + std::to_string(k), largest);
      }
    }
  }
  at::Tensor next(at::IntArrayRef shape) {
    std::size_t n = 1;
    for (std::int64_t s : shape) n *= static_cast<std::size_t>(s);
    return tensor(fixture.take(n), shape);
  }
  // Relative to `scale`: for gradients the largest of all parameters', for outputs 1 or the largest.
  void expect_near(const at::Tensor& found, const at::Tensor& expected, const std::string& what, double scale = 0) {
    if (scale == 0) scale = std::max(1.0, expected.abs().max().item<double>());
    const double error = largest_difference(found.to(at::kDouble), expected) / scale;
    EXPECT_LT(error, GetParam().tolerance) << what;
    worst = std::max(worst, error);
  }
  ModelView view() const { return make_views(fixture.layout, fixture.model, flat); }
  void skip(const nlohmann::json& cases) {
    for (const auto& c : cases) {
      const std::size_t tiles = c["tiles"], tasks = c["joint"].get<bool>() ? 2 : 1;
      const auto d = static_cast<std::size_t>(fixture.model.d_model),
                 p = static_cast<std::size_t>(fixture.layout.total);
      fixture.take(tiles * static_cast<std::size_t>(fixture.width) + tasks * d + 2 + tasks + tasks * p);
    }
  }

  const at::ScalarType type = GetParam().type;
  ModelFixture fixture;
  at::Tensor flat = tensor(fixture.parameters, {1, fixture.layout.total}).to(type);
  double worst = 0;
};

TEST_P(ModelAgainstPyTorch, OutputsLossesAndAllGradientsAgree) {
  for (const auto& c : fixture.index["cases"]) {
    SCOPED_TRACE(c.dump());
    compare_case(c, nullptr);
  }
  RecordProperty("largest_error", fmt::format("{:.1e}", worst));
}

TEST_P(ModelAgainstPyTorch, AgreesUnderTheSameMasksInEveryPlaceOfDropout) {
  skip(fixture.index["cases"]);
  const double p = fixture.model.dropout;
  for (const auto& c : fixture.index["dropout"]) {
    SCOPED_TRACE(c.dump());
    const RandomStream stream(fixture.index["seed"], "dropout/" + std::to_string(c["tiles"].get<int>()));
    const DropoutMasks masks(stream, p, flat);
    compare_case(c, &masks);
  }
  RecordProperty("largest_error", fmt::format("{:.1e}", worst));
}

// Six standard errors of the two means; for the variances, of their difference by the fourth moment.
TEST_P(ModelAgainstPyTorch, OutputsHaveTheSameMeanAndVarianceOverMasks) {
  skip(fixture.index["cases"]);
  skip(fixture.index["dropout"]);
  const auto& oracle = fixture.index["expectation"];
  const at::Tensor bag = next({oracle["tiles"].get<std::int64_t>(), fixture.width}).to(type);
  constexpr int kMasks = 4000;
  std::vector<std::array<double, 3>> outputs(kMasks);
  const RandomStream stream(11, "expectation");
  for (int i = 0; i < kMasks; ++i) {
    const DropoutMasks masks(stream.child(static_cast<std::uint64_t>(i)), fixture.model.dropout, flat);
    const ForwardPass pass = forward(view(), fixture.model, bag, true, &masks);
    outputs[static_cast<std::size_t>(i)] = {pass.logits[0][0][0].item<double>(), pass.logits[0][0][1].item<double>(),
                                            pass.regression.item<double>()};
  }
  const double n = kMasks, m = oracle["masks"];
  for (std::size_t k = 0; k < 3; ++k) {
    double mean = 0, variance = 0;
    for (const auto& o : outputs) mean += o[k] / n;
    for (const auto& o : outputs) variance += (o[k] - mean) * (o[k] - mean) / (n - 1);
    const double sd = oracle["sd"][k], spread = oracle["fourth_moment"][k].get<double>() - std::pow(sd, 4);
    EXPECT_NEAR(mean, oracle["mean"][k], 6 * sd * std::sqrt(1 / n + 1 / m)) << k;
    EXPECT_NEAR(variance, sd * sd, 6 * std::sqrt(spread * (1 / n + 1 / m))) << k;
  }
}

// The finaliser of MurmurHash3 on i + 2^20 salt, as doubles in [-0.5, 0.5).
at::Tensor hashed(std::int64_t n, std::uint32_t salt) {
  std::vector<double> values(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::uint32_t x = static_cast<std::uint32_t>(i) + (salt << 20);
    x = (x ^ (x >> 16)) * 0x85EBCA6Bu;
    x = (x ^ (x >> 13)) * 0xC2B2AE35u;
    values[i] = (x ^ (x >> 16)) * 0x1p-32 - 0.5;
  }
  return tensor(values, {n});
}

TEST_P(ModelAgainstPyTorch, AgreesAtThePapersSizes) {
  const ModelSettings paper;
  const ParameterLayout layout = make_layout(paper, 768, "cls", "reg");
  const at::Tensor wide = at::zeros({1, layout.total}, at::kDouble);
  const auto& names = fixture.index["parameters"];  // PyTorch's order
  const auto spec = [&](const std::string& name) {
    return *std::find_if(layout.parameters.begin(), layout.parameters.end(),
                         [&](const ParameterSpec& p) { return p.name == name; });
  };
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string name = names[i]["name"];
    const ParameterSpec p = spec(name);
    const bool norm = name.find("norm") != std::string::npos && name.ends_with("weight");
    const at::Tensor h = hashed(p.size, static_cast<std::uint32_t>(2 * i));
    wide[0].narrow(0, p.offset, p.size).copy_(norm ? h * 0.2 + 1.0 : h * 0.1);
  }
  const ModelView wide_view = make_views(layout, paper, wide.to(type));
  // In float32 one of 768,000 inputs of a ReLU lies within rounding of 0 and falls on its other side, where the
  // derivative jumps: that alone moves a gradient by 2e-5.
  const double tolerance = type == at::kDouble ? GetParam().tolerance : 10 * GetParam().tolerance;
  for (const auto& c : fixture.index["wide"]) {
    const std::int64_t tiles = c["tiles"];
    SCOPED_TRACE(std::to_string(tiles) + " tiles");
    const at::Tensor bag = (hashed(tiles * 768, 999) * 4).to(at::kHalf).view({tiles, 768}).to(type);
    const ForwardPass pass = forward(wide_view, paper, bag, true, nullptr);
    expect_near(pass.tokens[0][0], tensor(c["embedding"].get<std::vector<double>>(), {384}), "embedding");
    expect_near(pass.logits.view({2}), tensor(c["logits"].get<std::vector<double>>(), {2}), "logits");
    GradientRows rows(layout, paper, 2, type);
    const OutputRows g = output_rows(pass, c["label"], c["target"]);
    backward(wide_view, pass, g.logits, g.regression, rows.view);
    for (std::int64_t k = 0; k < 2; ++k) {
      for (std::size_t i = 0; i < names.size(); ++i) {
        const ParameterSpec p = spec(names[i]["name"]);
        const at::Tensor have = rows.flat[k].narrow(0, p.offset, p.size).to(at::kDouble);
        const auto& want = c["gradients"][static_cast<std::size_t>(k)][i];
        const double scale = std::max(1.0, want[0].get<double>());
        const double length = have.norm().item<double>();
        EXPECT_NEAR(length, want[0], tolerance * scale) << p.name << ", task " << k;
        const double product = at::dot(have, hashed(p.size, static_cast<std::uint32_t>(2 * i + 1))).item<double>();
        EXPECT_NEAR(product, want[1], tolerance * scale) << p.name << ", task " << k;
        worst = std::max({worst, std::abs(length - want[0].get<double>()) / scale,
                          std::abs(product - want[1].get<double>()) / scale});
      }
    }
  }
  RecordProperty("largest_error", fmt::format("{:.1e}", worst));
}

INSTANTIATE_TEST_SUITE_P(Precision, ModelAgainstPyTorch, ::testing::Values(kDouble, kFloat),
                         [](const auto& p) { return p.param.type == at::kDouble ? "Float64" : "Float32"; });

// Two-sample Kolmogorov-Smirnov distance to PyTorch's values, known at the quantiles of the fixture.
double ks_distance(std::vector<float> ours, const nlohmann::json& oracle) {
  std::sort(ours.begin(), ours.end());
  const double n = static_cast<double>(ours.size()), m = oracle["samples"];
  double worst = 0;
  for (std::size_t j = 0; j < oracle["rank"].size(); ++j) {
    const double theirs = (oracle["rank"][j].get<double>() + 1) / m;
    const auto below = std::upper_bound(ours.begin(), ours.end(), oracle["value"][j].get<float>()) - ours.begin();
    worst = std::max(worst, std::abs(static_cast<double>(below) / n - theirs));
  }
  return worst;
}

TEST(InitialValues, AreDistributedAsPyTorchs) {
  const ModelFixture fixture;
  const ParameterLayout layout = make_layout({}, 768, "cls", "reg");
  constexpr int kSeeds = 20;
  std::map<std::string, std::vector<float>> values;
  std::vector<float> row(static_cast<std::size_t>(layout.total));
  for (int seed = 0; seed < kSeeds; ++seed) {
    initialise(layout, RandomStream(static_cast<std::uint64_t>(seed), "weights"), row);
    for (const ParameterSpec& p : layout.parameters) {
      const auto begin = row.begin() + p.offset;
      if (p.same_as >= 0) {  // the layers of a stack start identical
        EXPECT_TRUE(std::equal(begin, begin + p.size,
                               row.begin() + layout.parameters[static_cast<std::size_t>(p.same_as)].offset))
            << p.name;
      } else {
        const auto n = std::min<std::int64_t>(p.size, 20000);  // of the large ones a part is enough
        values[p.name].insert(values[p.name].end(), begin, begin + n);
      }
    }
  }
  const auto& oracle = fixture.index["initial"];
  ASSERT_EQ(values.size(), oracle.size());
  for (auto& [name, ours] : values) {
    const auto& theirs = oracle.at(name);
    if (theirs.contains("constant")) {
      const float constant = theirs["constant"];
      EXPECT_TRUE(std::all_of(ours.begin(), ours.end(), [&](float x) { return x == constant; })) << name;
      continue;
    }
    // Critical value at a level of 1e-6 for each parameter, and the distance between two quantiles of the fixture.
    const double n = static_cast<double>(ours.size()), m = theirs["samples"];
    const double critical = std::sqrt(-std::log(1e-6 / 2) / 2 * (1 / n + 1 / m)) + 1 / m;
    EXPECT_LT(ks_distance(ours, theirs), critical) << name;
    if (n < 1000) continue;            // the heads' biases: three numbers a seed
    for (float& x : ours) x *= 1.15f;  // the test can fail: a bound 15 % too wide
    EXPECT_GT(ks_distance(ours, theirs), critical) << name;
  }
}

}  // namespace
}  // namespace mtlgrid

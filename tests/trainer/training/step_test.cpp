// Auto-Lambda's meta gradient and the learning rate, against oracles in double.
#include "trainer/training/step.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>
#include <random>

#include "base/errors.h"
#include "tests/oracle/oracle.h"
#include "tests/trainer/network/gradient_rows.h"
#include "trainer/kernels/products.h"

namespace mtlgrid {
namespace {

class Step : public ::testing::Test {
 protected:
  Step() : streams(1337, {"MSI", "LF", "any", 0}) {
    at::set_num_threads(1);
    layout = make_layout(model, 6, "c", "r");
    example = make(4, 1, 0.7, "first", 1);
    meta = make(3, 0, 0.2, "second", 2);
  }
  static Example make(std::int64_t tiles, int label, double target, const std::string& name, unsigned seed) {
    std::mt19937 engine(seed);
    std::normal_distribution<float> normal;
    at::Tensor bag = at::empty({tiles, 6}, at::TensorOptions().dtype(at::kFloat));
    for (std::int64_t i = 0; i < bag.numel(); ++i) bag.data_ptr<float>()[i] = normal(engine);
    return {bag, label, target, name};
  }
  StackStep step(const std::string& name, const Protocol& protocol = {}) const {
    return StackStep(method(name), model, train, protocol, layout, streams, at::kCPU, 1);
  }
  // Both losses of `e` at parameters `flat` (double) under the masks of a pass.
  TaskLosses losses(const at::Tensor& flat, const Example& e, const DropoutMasks& masks) const {
    return task_losses(forward(make_views(layout, model, flat), model, e.bag.to(at::kDouble), true, &masks), e.label,
                       e.target);
  }
  // Their gradients, [2, P].
  at::Tensor gradients(const at::Tensor& flat, const Example& e, const DropoutMasks& masks) const {
    const ModelView view = make_views(layout, model, flat);
    const ForwardPass pass = forward(view, model, e.bag.to(at::kDouble), true, &masks);
    const testing::OutputRows g = testing::output_rows(pass, e.label, e.target);
    const testing::GradientRows rows(layout, model, 2, at::kDouble);
    backward(view, pass, g.logits, g.regression, rows.view);
    return rows.flat;
  }

  ModelSettings model = {.d_model = 8, .heads = 2, .ff = 8, .encoder_layers = 1, .decoder_layers = 1, .dropout = 0.2};
  TrainSettings train = {.epochs = 32, .patience = 1, .lr = 1e-2, .weight_decay = 0.01, .validation = 0.2};
  GroupStreams streams;
  ParameterLayout layout;
  Example example, meta;
};

// L_meta(theta'(lambda)) differentiated numerically by lambda, in double.
TEST_F(Step, MetaGradientIsTheDerivativeOfTheMetaLossByLambda) {
  StackStep network = step("autol");
  const at::Tensor theta = network.parameters().to(at::kDouble).clone();
  const DropoutMasks masks(streams.dropout.child(1).child(0).child(0), model.dropout, theta);
  const at::Tensor g = gradients(theta, example, masks);
  const auto meta_loss = [&](double lambda0, double lambda1) {
    const at::Tensor ahead = theta - train.lr * (lambda0 * g[0] + lambda1 * g[1] + train.weight_decay * theta);
    const TaskLosses l = losses(ahead, meta, masks);
    return l[0] + l[1];
  };
  network.run({1, 0, 0}, example, meta)[0].value();
  const double h = 1e-4;
  const std::vector<double>& found = network.last_meta_gradient();
  ASSERT_EQ(found.size(), 2u);
  const double by0 = (meta_loss(0.1 + h, 0.1) - meta_loss(0.1 - h, 0.1)) / (2 * h);
  const double by1 = (meta_loss(0.1, 0.1 + h) - meta_loss(0.1, 0.1 - h)) / (2 * h);
  EXPECT_NEAR(found[0], by0, 1e-4 * std::abs(by0));
  EXPECT_NEAR(found[1], by1, 1e-4 * std::abs(by1));
}

TEST_F(Step, FiniteDifferencesApproachTheExactMetaGradient) {
  Protocol differences;  // only this departure of the released code
  differences.autol_exact = false;
  StackStep exact = step("autol"), approximate = step("autol", differences);
  exact.run({1, 0, 0}, example, meta)[0].value();
  approximate.run({1, 0, 0}, example, meta)[0].value();
  for (std::size_t k = 0; k < 2; ++k) {
    EXPECT_NEAR(approximate.last_meta_gradient()[k], exact.last_meta_gradient()[k],
                0.05 * std::abs(exact.last_meta_gradient()[k]));
  }
}

TEST_F(Step, ClassificationAloneAsPrimaryChangesTheMetaGradient) {
  Protocol primary;
  primary.autol_primary_all = false;
  StackStep all = step("autol"), one = step("autol", primary);
  all.run({1, 0, 0}, example, meta)[0].value();
  one.run({1, 0, 0}, example, meta)[0].value();
  EXPECT_NE(all.last_meta_gradient(), one.last_meta_gradient());
}

TEST_F(Step, FirstStepOfNaiveIsAdamWOnTheSumOfGradients) {
  StackStep network = step("naive");
  const at::Tensor theta = network.parameters().to(at::kDouble).clone();
  const DropoutMasks masks(streams.dropout.child(1).child(0).child(0), model.dropout, theta);
  const at::Tensor g = gradients(theta, example, masks).sum(0);
  network.run({1, 0, 0}, example, meta)[0].value();
  // At the first step both moments are unbiased: g / (|g| + eps).
  const at::Tensor expected = theta * (1 - train.lr * train.weight_decay) - train.lr * (g / (g.abs() + 1e-8));
  const at::Tensor relevant = g.abs().gt(1e-6);  // where float32 noise does not decide
  const at::Tensor error = (network.parameters().to(at::kDouble) - expected).abs() * relevant;
  EXPECT_LT(error.max().item<double>(), 1e-4 * train.lr + 1e-6);
}

TEST_F(Step, AggregationsThatHaveNothingToResolveEqualThePlainSum) {
  // pcgrad leaves gradients without a conflict alone: its step is then that of naive, up to rounding.
  StackStep naive = step("naive"), pcgrad = step("pcgrad");
  const at::Tensor theta = naive.parameters().to(at::kDouble).clone();
  const DropoutMasks masks(streams.dropout.child(1).child(0).child(0), model.dropout, theta);
  const at::Tensor g = gradients(theta, example, masks).narrow(1, 0, layout.shared);
  const bool conflict = (g[0] * g[1]).sum().item<double>() < 0;
  naive.run({1, 0, 0}, example, meta)[0].value();
  pcgrad.run({1, 0, 0}, example, meta)[0].value();
  const double difference = (naive.parameters() - pcgrad.parameters()).abs().median().item<double>();
  if (conflict) {
    EXPECT_GT(difference, 1e-4);
  } else {
    EXPECT_LT(difference, 1e-5);
  }
}

TEST_F(Step, LearningRateIsConstantUnderPaperAndSwingsUnderReleasedCode) {
  EXPECT_EQ(step("naive").learning_rate(17), train.lr);
  const StackStep released = step("naive", Protocol::released_code());
  EXPECT_DOUBLE_EQ(released.learning_rate(0), train.lr);
  EXPECT_NEAR(released.learning_rate(16), train.lr / 2, 1e-15);
  EXPECT_NEAR(released.learning_rate(32), 0, 1e-15);
  EXPECT_NEAR(released.learning_rate(64), train.lr, 1e-15);
  EXPECT_EQ(step("baseline", Protocol::released_code()).learning_rate(32), train.lr);
  const auto& oracle = oracle_file("optimiser.json");  // CosineAnnealingLR, T_max = epochs, stepped once a batch
  ASSERT_EQ(oracle["cosine"].size(), 2u);
  for (const auto& cosine : oracle["cosine"]) {
    train.epochs = cosine["epochs"];
    const StackStep network = step("naive", Protocol::released_code());
    ASSERT_EQ(cosine["rates"].size(), 200u);
    for (std::size_t i = 0; i < cosine["rates"].size(); ++i) {
      const double expected = cosine["rates"][i].get<double>() / cosine["lr"].get<double>() * train.lr;
      EXPECT_NEAR(network.learning_rate(static_cast<std::int64_t>(i)), expected, 1e-12 * train.lr) << i;
    }
  }
}

std::string error_of(StackStep& network, const StepPlace& place, const Example& example, const Example& meta) {
  try {
    network.run(place, example, meta)[0].value();
  } catch (const std::exception& e) {
    return e.what();
  }
  return "no error";
}

TEST_F(Step, NonFiniteGradientNamesTheTask) {
  Example bad = example;
  bad.target = 1e39;  // its square is finite in double, its gradient is not in float32
  for (const char* name : {"naive", "uncert", "dwa", "graddrop", "pcgrad", "cagrad", "autol", "autol+cagrad"}) {
    StackStep network = step(name);
    const at::Tensor before = network.parameters().clone();
    EXPECT_EQ(error_of(network, {2, 4, 10}, bad, meta),
              "epoch 2, step 5, patient first: gradient of the regression loss is not finite")
        << name;
    EXPECT_TRUE(before.equal(network.parameters())) << name;
  }
}

// A gradient that leaves float32 on its way through the network, the losses and their derivatives being finite.
TEST_F(Step, GradientThatOverflowsInTheNetworkNamesTheTrainingBagsPatient) {
  for (const char* name : {"naive", "cagrad", "graddrop", "autol", "autol+cagrad"}) {
    StackStep network = step(name);
    make_views(layout, model, network.parameters()).regression_head.weight.fill_(1e30F);
    const std::string error = error_of(network, {2, 4, 10}, example, meta);
    EXPECT_NE(error.find("epoch 2, step 5, patient first: "), std::string::npos) << name << ": " << error;
    EXPECT_NE(error.find("not finite"), std::string::npos) << name << ": " << error;
    if (std::string(name) == "naive") continue;  // one row for both tasks, spent on an update that failed
    EXPECT_NE(error.find("gradient of the regression loss"), std::string::npos) << name << ": " << error;
  }
}

struct StackCase {
  const char* name;
  std::vector<std::string> methods;
};

class Stack : public Step, public ::testing::WithParamInterface<std::tuple<StackCase, bool>> {
 protected:
  Protocol protocol() const { return std::get<1>(GetParam()) ? Protocol::released_code() : Protocol::paper(); }
  const std::vector<std::string>& methods() const { return std::get<0>(GetParam()).methods; }
  StackStep stack() const {
    StackStep all = step(methods()[0], protocol());
    for (std::size_t i = 1; i < methods().size(); ++i) all.join(step(methods()[i], protocol()));
    return all;
  }
  // Both runs on the same examples, `steps` of them.
  void train_steps(StackStep& network, int steps, int from = 0) const {
    for (int i = from; i < from + steps; ++i) {
      for (const MemberStep& member : network.run({1, i, i}, i % 2 ? meta : example, i % 2 ? example : meta))
        member.value();
    }
  }
  static double difference(const StackStep& a, std::size_t i, const StackStep& b, std::size_t j) {
    const auto gap = [](const at::Tensor& x, const at::Tensor& y) { return testing::largest_difference(x, y); };
    return gap(a.parameters(i), b.parameters(j)) + gap(a.first_moment(i), b.first_moment(j)) +
           gap(a.second_moment(i), b.second_moment(j));
  }
  // oneDNN's kernels and the hand-written loops work member by member; what a BLAS does with a stack is its own affair.
  const double tolerance = has_kernels() ? 0 : 1e-6;
};

TEST_P(Stack, EveryMemberTrainsAsItWouldAlone) {
  StackStep all = stack();
  train_steps(all, 4);
  for (std::size_t f = 0; f < methods().size(); ++f) {
    StackStep alone = step(methods()[f], protocol());
    train_steps(alone, 4);
    EXPECT_LE(difference(all, f, alone, 0), tolerance) << methods()[f];
    EXPECT_EQ(all.weighting(f).save(), alone.weighting().save());
    EXPECT_EQ(all.last_meta_gradient(f), alone.last_meta_gradient());
    EXPECT_LE(testing::largest_difference(all.evaluate(example.bag).tokens.narrow(0, static_cast<std::int64_t>(f), 1),
                                          alone.evaluate(example.bag).tokens),
              tolerance);
  }
}

TEST_P(Stack, MembersLeaveAndJoinWithoutAChangeToTheOthers) {
  StackStep all = stack(), late = step(methods()[0], protocol());
  train_steps(all, 2);
  train_steps(late, 2);
  all.remove(0);
  all.join(std::move(late));
  ASSERT_EQ(all.size(), methods().size());
  EXPECT_EQ(all.method(all.size() - 1).name, methods()[0]);
  train_steps(all, 2, 2);
  for (std::size_t f = 0; f < methods().size(); ++f) {
    StackStep alone = step(methods()[f], protocol());
    train_steps(alone, 4);
    EXPECT_LE(difference(all, (f + methods().size() - 1) % methods().size(), alone, 0), tolerance) << methods()[f];
  }
}

TEST_P(Stack, MemberThatFailsNamesItselfAndLeavesTheOthersAlone) {
  StackStep all = stack();
  all.parameters(0)[0][3].fill_(std::numeric_limits<float>::quiet_NaN());
  const std::vector<MemberStep> results = all.run({1, 0, 0}, example, meta);
  EXPECT_THROW(results[0].value(), Error);
  for (std::size_t f = 1; f < methods().size(); ++f) {
    StackStep alone = step(methods()[f], protocol());
    alone.run({1, 0, 0}, example, meta)[0].value();
    results[f].value();
    EXPECT_LE(difference(all, f, alone, 0), tolerance) << methods()[f];
  }
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, Stack,
    ::testing::Combine(::testing::Values(StackCase{"OneGradient", {"naive", "dwa", "uncert"}},
                                         StackCase{"TwoGradients", {"pcgrad", "dwa+cagrad", "graddrop", "cagrad"}},
                                         StackCase{"AutoLambda", {"autol", "autol+cagrad", "autol+graddrop"}}),
                       ::testing::Bool()),
    [](const auto& p) {
      return std::string(std::get<0>(p.param).name) + (std::get<1>(p.param) ? "ReleasedCode" : "Paper");
    });

TEST_F(Step, NetworksOfDifferentPassesAreNotStacked) {
  StackStep naive = step("naive");
  EXPECT_THROW(naive.join(step("cagrad")), Error);
  EXPECT_THROW(naive.join(step("baseline")), Error);
  EXPECT_THROW(naive.join(step("autol")), Error);
}

}  // namespace
}  // namespace mtlgrid

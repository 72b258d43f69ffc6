// The GPU's kernels and training step against the CPU's. Skipped, saying so, where there is no GPU.
#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "balancers/methods/registry.h"
#include "tests/trainer/network/gradient_rows.h"
#include "trainer/kernels/dropout.h"
#include "trainer/kernels/gpu_graph.h"
#include "trainer/kernels/gpu_kernels.h"
#include "trainer/kernels/gpu_program.h"
#include "trainer/network/self_attention.h"
#include "trainer/network/self_attention_blocks.h"
#include "trainer/training/step.h"

namespace mtlgrid {
namespace {

using testing::largest_difference;

TEST(GpuKernels, CompileForEveryArchitectureOfTheLastYears) {
  if (!gpu::compiler_lacks().empty()) GTEST_SKIP() << gpu::compiler_lacks();
  for (const char* architecture : {"sm_80", "sm_86", "sm_89", "sm_90", "sm_100", "sm_120"}) {
    for (const bool fp64 : {false, true}) {
      EXPECT_EQ(gpu::compile_kernels(architecture, fp64).substr(1, 3), "ELF") << architecture;
    }
  }
}

class Gpu : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!at::globalContext().hasCUDART() || at::detail::getCUDAHooks().deviceCount() == 0) GTEST_SKIP() << "no GPU";
  }
  static at::Tensor there(const at::Tensor& t) { return t.defined() ? t.to(at::Device(at::kCUDA, 0)) : t; }
  static NormView there(const NormView& p) { return {there(p.weight), there(p.bias)}; }
  static double difference(const at::Tensor& cpu, const at::Tensor& gpu) {
    return largest_difference(cpu.to(at::kDouble), gpu.cpu().to(at::kDouble));
  }
};

TEST_F(Gpu, FillsAreTheCpusNumbers) {
  const RandomStream stream(1337, "MSI/LF/3/test");
  for (const std::int64_t n : {1, 63, 64, 65, 1000, 100003}) {
    const at::Tensor cpu = at::empty({n}), gpu = there(at::zeros({n}));
    fill_uniform(stream, {cpu.data_ptr<float>(), static_cast<std::size_t>(n)});
    gpu::fill_uniform(stream, gpu);
    EXPECT_EQ(difference(cpu, gpu), 0) << n;
  }
}

TEST_F(Gpu, MasksAreTheCpusNumbers) {
  for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
    const at::Tensor like = at::empty({0}, at::TensorOptions().dtype(type));
    const RandomStream stream(3, "masks");
    const DropoutMasks cpu(stream, 0.1, like), gpu(stream, 0.1, there(like));
    std::vector<std::int64_t> keys = cpu.keys(2, 2);
    const at::Tensor table = at::from_blob(keys.data(), {static_cast<std::int64_t>(keys.size())}, at::kLong);
    const DropoutMasks by_table(there(table), 2, 0.1, there(like));
    for (const std::int64_t n : {1, 2, 7, 42, 333}) {
      const auto same = [&](const at::Tensor& a, const at::Tensor& b) { EXPECT_EQ(difference(a, b), 0) << n; };
      same(cpu.encoder_rows(1, DropoutKind::inner, n, 96), gpu.encoder_rows(1, DropoutKind::inner, n, 96));
      same(cpu.decoder_rows(0, DropoutKind::outer, 2, 96), gpu.decoder_rows(0, DropoutKind::outer, 2, 96));
      same(cpu.cross_weights(1, 6, 2, n), gpu.cross_weights(1, 6, 2, n));
      same(cpu.encoder_weights(0, 6, n).rows(n / 3, n - n / 3), gpu.encoder_weights(0, 6, n).rows(n / 3, n - n / 3));
      same(cpu.decoder_weights(0, 6, 2).rows(0, 2), gpu.decoder_weights(0, 6, 2).rows(0, 2));
      same(cpu.encoder_rows(1, DropoutKind::outer, n, 96), by_table.encoder_rows(1, DropoutKind::outer, n, 96));
      same(cpu.cross_weights(1, 6, 2, n), by_table.cross_weights(1, 6, 2, n));
      same(cpu.encoder_weights(1, 6, n).rows(0, n), by_table.encoder_weights(1, 6, n).rows(0, n));
    }
  }
}

struct Size {
  at::ScalarType type;
  std::int64_t n, d;
  bool masked;
  double tolerance() const { return (type == at::kDouble ? 1e-13 : 1e-5) * (1 + static_cast<double>(n) / 100); }
};
class GpuRows : public Gpu, public ::testing::WithParamInterface<Size> {
 protected:
  at::Tensor random(at::IntArrayRef shape) const { return at::randn(shape, at::TensorOptions().dtype(s.type)); }
  void expect_close(const at::Tensor& cpu, const at::Tensor& gpu) const {
    EXPECT_LT(difference(cpu, gpu), s.tolerance());
  }
  const Size& s = GetParam();
};

TEST_P(GpuRows, AreTheCpus) {
  const at::Tensor y = random({2, s.n, s.d}), bias = random({2, 1, s.d}), y_there = there(y);
  const at::Tensor mask = s.masked ? random({s.n, s.d}).gt(0).to(s.type) * 1.25 : at::Tensor();
  bias_relu_drop_(y, bias, mask);
  bias_relu_drop_(y_there, there(bias), there(mask));
  expect_close(y, y_there);
  const at::Tensor g = random({2, 2 * s.n, s.d}), g_there = there(g), sums = random({4, 1, s.d}),
                   sums_there = there(random({4, 1, s.d}));
  bias_relu_drop_backward_(g, y, 1.25, sums);
  bias_relu_drop_backward_(g_there, y_there, 1.25, sums_there);
  expect_close(g, g_there);
  expect_close(sums, sums_there);

  const NormView p = {random({2, 1, s.d}), random({2, 1, s.d})};
  const NormView a = {random({4, 1, s.d}), random({4, 1, s.d})}, b = there(a);
  const at::Tensor x = random({2, s.n, s.d}), z = random({2, s.n, s.d}), z_there = there(z);
  NormSaved saved, saved_there;
  expect_close(add_drop_norm(x, z, bias, mask, p, saved),
               add_drop_norm(there(x), z_there, there(bias), there(mask), there(p), saved_there));
  expect_close(saved.rstd, saved_there.rstd);
  const at::Tensor f = random({2, 2 * s.n, s.d});
  const auto by = add_drop_norm_backward(p, saved, f, mask, a, sums);
  const auto by_there = add_drop_norm_backward(there(p), saved_there, there(f), there(mask), b, sums_there);
  expect_close(by.x, by_there.x);
  expect_close(by.y, by_there.y);
  expect_close(a.weight, b.weight);
  expect_close(a.bias, b.bias);
  expect_close(sums, sums_there);
}

INSTANTIATE_TEST_SUITE_P(Sizes, GpuRows,
                         ::testing::Values(Size{at::kFloat, 1, 1, false}, Size{at::kFloat, 42, 384, true},
                                           Size{at::kFloat, 1000, 100, true}, Size{at::kDouble, 333, 96, true},
                                           Size{at::kDouble, 5000, 33, false}));

TEST_F(Gpu, AttentionIsTheCpus) {
  for (const std::int64_t n : {1, 2, 65, 513, 1100}) {
    for (const bool masked : {false, true}) {
      const at::TensorOptions o = at::TensorOptions().dtype(at::kDouble);
      const at::Tensor qkv = at::randn({2, n, 3 * 96}, o), bias = at::randn({2, 1, 3 * 96}, o),
                       g = at::randn({2, 2 * n, 96}, o);
      const auto mask = [&](const at::Tensor& like) {
        if (!masked) return AttentionMask();
        return AttentionMask(DropoutFill(RandomStream(3, "mask"), 0.2), 6, n, like);
      };
      AttendSaved cpu, whole, parts, single;
      const std::int64_t third = std::max<std::int64_t>(1, n / 3);
      const at::Tensor out = blocks::attend(qkv, bias, 6, mask(qkv), n, cpu);
      EXPECT_LT(difference(out, blocks::attend(there(qkv), there(bias), 6, mask(there(qkv)), n, whole)), 1e-13);
      EXPECT_LT(difference(out, blocks::attend(there(qkv), there(bias), 6, mask(there(qkv)), third, parts)), 1e-13);
      const at::Tensor by = blocks::attend_backward(cpu, g, n);
      EXPECT_LT(difference(by, blocks::attend_backward(whole, there(g), n)), 1e-11);
      EXPECT_LT(difference(by, blocks::attend_backward(parts, there(g), third)), 1e-11);
      const at::Tensor f = there(qkv.to(at::kFloat));
      EXPECT_LT(difference(out, attend(f, there(bias.to(at::kFloat)), 6, mask(f), single)), 2e-5);
      EXPECT_LT(difference(by, attend_backward(single, there(g.to(at::kFloat)))), 5e-5 * std::sqrt(double(n)));
    }
  }
}

TEST_F(Gpu, LoopsOverParametersAreTheCpus) {
  const std::int64_t n = 100003;
  const auto number = [&] { return at::rand({n}); };
  const at::Tensor a = number(), b = number(), p = number(), m = number(), v = number(), out = number();
  const at::Tensor gp = there(p), gm = there(m), gv = there(v), gout = there(out), ga = there(a), gb = there(b);
  const at::Tensor flag = at::zeros({1}, at::kInt), gflag = there(flag);
  adamw_step({}, 4, {{a, b}, {0.3, 1.7}}, p, m, v, 1, flag);
  adamw_step({}, 4, {{ga, gb}, {0.3, 1.7}}, gp, gm, gv, 1, gflag);
  EXPECT_LT(difference(p, gp), 1e-6);
  EXPECT_LT(difference(m, gm), 1e-6);
  EXPECT_LT(difference(v, gv), 1e-6);
  EXPECT_EQ(gflag.item<int>(), 0);
  gradient_step(0.1, 0.01, {{a}, {0.3}}, p, out, 1);
  gradient_step(0.1, 0.01, {{ga}, {0.3}}, gp, gout, 1);
  EXPECT_LT(difference(out, gout), 1e-6);
  offset(p, 0.3, a, out, 1);
  offset(gp, 0.3, ga, gout, 1);
  EXPECT_LT(difference(out, gout), 1e-6);
  ga[n - 1].fill_(NAN);
  adamw_step({}, 4, {{ga, gb}, {0.3, 1.7}}, gp, gm, gv, 1, gflag);
  EXPECT_EQ(gflag.item<int>(), 1);
  EXPECT_FALSE(all_finite(ga));
  EXPECT_TRUE(all_finite(gb));
}

// Steps of a small network, all on one device.
class GpuSteps : public Gpu {
 protected:
  GpuSteps() {
    model.d_model = 48;
    model.heads = 4;
    model.ff = 96;
    for (int i = 0; i < 6; ++i) {
      bags.push_back(at::randn({20 + 13 * i, 32}));
    }
  }
  StackStep network(const std::string& name, const Protocol& protocol, at::Device device, bool record = true) const {
    const GroupStreams streams(1337, {"MSI", "LF", name, 0});
    return {method(name), model, train, protocol, make_layout(model, 32, "c", "r"), streams, device, 1, record};
  }
  StackStep stack(const std::vector<std::string>& names, const Protocol& protocol, bool record) const {
    StackStep all = network(names[0], protocol, cuda, record);
    for (std::size_t i = 1; i < names.size(); ++i) all.join(network(names[i], protocol, cuda, record));
    return all;
  }
  Example example(std::size_t i, at::Device device) const {
    const at::ScalarType type = train.precision == "fp64" ? at::kDouble : at::kFloat;
    return {bags[i].to(device, type), static_cast<int>(i % 2), static_cast<double>(i) / 7, "bag"};
  }
  // Parameters of every member after five steps.
  at::Tensor trained(StackStep stack, at::Device device) const {
    StepPlace place;
    for (std::size_t i = 0; i + 1 < bags.size(); ++i) {
      for (const MemberStep& member : stack.run(place, example(i, device), example(i + 1, device))) member.value();
      ++place.step;
      ++place.number;
    }
    std::vector<at::Tensor> rows;
    for (std::size_t f = 0; f < stack.size(); ++f) rows.push_back(stack.parameters(f).cpu());
    return at::cat(rows);
  }
  ModelSettings model;
  TrainSettings train;
  std::vector<at::Tensor> bags;
  const at::Device cuda = at::Device(at::kCUDA, 0);
};

// float32 differs by rounding, which AdamW's first steps (lr times a gradient's sign, nearly) blow up where a gradient
// is itself rounding: hence the bound of a fraction of lr for single parameters, and a closer one in the mean.
TEST_F(GpuSteps, AreTheCpusForEveryMethodAndProtocol) {
  double largest[2] = {};
  for (const Protocol& protocol : {Protocol::paper(), Protocol::released_code()}) {
    for (const Method& m : methods()) {
      for (const bool fp64 : {true, false}) {
        train.precision = fp64 ? "fp64" : "fp32";
        const at::Tensor cpu = trained(network(m.name, protocol, at::kCPU), at::kCPU),
                         gpu = trained(network(m.name, protocol, cuda), cuda);
        const double far = difference(cpu, gpu);
        const double mean = (cpu - gpu).abs().mean().item<double>();
        EXPECT_LT(far, fp64 ? 1e-8 : 5 * train.lr) << m.name;
        EXPECT_LT(mean, fp64 ? 1e-13 : 1e-2 * train.lr) << m.name;
        largest[fp64] = std::max(largest[fp64], far);
      }
    }
  }
  std::printf("largest difference of a parameter after 5 steps: %.1e in float64, %.1e in float32\n", largest[1],
              largest[0]);
}

TEST_F(GpuSteps, AreTheSameEveryTime) {
  for (const char* name : {"naive", "autol+cagrad", "graddrop"}) {
    const at::Tensor one = trained(network(name, Protocol::paper(), cuda), cuda),
                     two = trained(network(name, Protocol::paper(), cuda), cuda);
    EXPECT_EQ(difference(one, two), 0) << name;
  }
}

// Three epochs, so that each size is computed, recorded and played, with a member leaving in between.
TEST_F(GpuSteps, PlayedAreThoseComputedOneByOne) {
  if (!gpu::can_record()) GTEST_SKIP() << "built without CUDA";
  const std::vector<std::vector<std::string>> stacks = {
      {"baseline"}, {"naive", "uncert", "dwa"}, {"pcgrad", "cagrad", "graddrop"}, {"autol", "autol+cagrad"}};
  for (const Protocol& protocol : {Protocol::paper(), Protocol::released_code()}) {
    for (const auto& names : stacks) {
      StackStep played = stack(names, protocol, true), computed = stack(names, protocol, false);
      StepPlace place;
      for (int epoch = 1; epoch <= 6; ++epoch) {
        if (epoch == 4 && names.size() > 1) {
          played.remove(0);
          computed.remove(0);
        }
        for (std::size_t i = 0; i < bags.size(); ++i) {
          const Example one = example(i, cuda), other = example((i + 3) % bags.size(), cuda);
          const auto a = played.run(place, one, other), b = computed.run(place, one, other);
          for (std::size_t f = 0; f < a.size(); ++f) {
            EXPECT_EQ(a[f].value()[0], b[f].value()[0]) << names[0] << " " << f << " epoch " << epoch << " bag " << i;
          }
          ++place.step;
          ++place.number;
        }
      }
      for (std::size_t f = 0; f < played.size(); ++f) {
        EXPECT_EQ(largest_difference(played.parameters(f), computed.parameters(f)), 0) << names[0] << " " << f;
      }
      EXPECT_GE(played.played(), 2 * static_cast<std::int64_t>(bags.size())) << names[0];
      EXPECT_EQ(computed.played(), 0);
    }
  }
}

TEST_F(GpuSteps, NonFiniteGradientNamesTheTaskAndChangesNothing) {
  for (const char* name : {"naive", "cagrad", "graddrop"}) {
    StackStep all = stack({name, name}, Protocol::paper(), true);
    StepPlace place;
    for (int epoch = 0; epoch < 3; ++epoch) all.run(place, example(0, cuda), example(1, cuda));
    // Losses and their derivatives stay finite, their gradients in the network do not.
    make_views(all.layout(), model, all.parameters(1)).regression_head.weight.fill_(1e30F);
    const at::Tensor before = all.parameters(1).clone();
    const std::vector<MemberStep> steps = all.run(place, example(0, cuda), example(1, cuda));
    try {
      steps[1].value();
      FAIL() << "no error";
    } catch (const std::exception& e) {
      EXPECT_NE(std::string(e.what()).find("gradient of the regression loss"), std::string::npos) << e.what();
    }
    EXPECT_EQ(largest_difference(before, all.parameters(1)), 0) << name;
  }
}

TEST_F(GpuSteps, OfAStackAreThoseOfItsMembersAlone) {
  double largest[2] = {};
  for (const bool fp64 : {true, false}) {
    train.precision = fp64 ? "fp64" : "fp32";
    const std::vector<std::vector<std::string>> stacks = {
        {"naive", "uncert", "dwa"}, {"pcgrad", "cagrad", "graddrop"}, {"autol", "autol+cagrad", "autol+graddrop"}};
    for (const auto& names : stacks) {
      const at::Tensor together = trained(stack(names, Protocol::paper(), true), cuda);
      for (std::size_t i = 0; i < names.size(); ++i) {
        const at::Tensor alone = trained(network(names[i], Protocol::paper(), cuda), cuda);
        const double far = difference(together.narrow(0, static_cast<std::int64_t>(i), 1), alone);
        EXPECT_LT(far, fp64 ? 1e-8 : 5 * train.lr) << names[i];
        largest[fp64] = std::max(largest[fp64], far);
      }
    }
  }
  std::printf("largest difference between a member of a stack and the cell alone: %.1e in float64, %.1e in float32\n",
              largest[1], largest[0]);
}

}  // namespace
}  // namespace mtlgrid

// Float32 matrix products as a training step takes them, ours (trainer/kernels/products.h) beside ATen's, whose library
// is MKL.
//   gemm [THREADS]   prints M K N, batch, gigaflops of both (2 M K N a product), and their ratio
// Shapes: the linear layers of the default model for bags of 42, 1,000 and 4,000 tiles, as the network has them (y = x
// W^T, and a weight's gradient g^T x), and a large square.
#include <ATen/Parallel.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/rand.h>
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <stdexcept>
#include <vector>

#include "trainer/kernels/products.h"

namespace {

constexpr double kSecondsPerFigure = 0.5;

// `turned`: a transposed view, as weights and gradients are.
struct Shape {
  std::int64_t m, k, n;
  bool a_turned = false, b_turned = false;
};

at::Tensor factor(std::int64_t rows, std::int64_t cols, bool turned) {
  return turned ? at::rand({1, cols, rows}).transpose(1, 2) : at::rand({1, rows, cols});
}

// The best quarter's median: other work on the machine only makes products slower.
double seconds(const std::function<void()>& f) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> times;
  for (const auto start = Clock::now();
       times.size() < 8 || Clock::now() - start < std::chrono::duration<double>(kSecondsPerFigure);) {
    const auto begin = Clock::now();
    f();
    times.push_back(std::chrono::duration<double>(Clock::now() - begin).count());
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 8];
}

void run(int threads) {
  at::set_num_threads(threads);
  std::vector<Shape> shapes;
  for (const std::int64_t tiles : {42, 1000, 4000}) {
    shapes.push_back({tiles, 768, 384, false, true});  // projector
    shapes.push_back({tiles, 384, 384, false, true});  // attention's projections
    shapes.push_back({tiles, 384, 768, false, true});  // feed-forward, first half
    shapes.push_back({384, tiles, 384, true, false});  // gradient of a weight
  }
  shapes.push_back({2048, 2048, 2048});  // large and square: what the libraries can do at best
  fmt::print("M\tK\tN\t{}\tATen\tratio (gigaflops, {} thread{})\n", mtlgrid::product_library(), threads,
             threads == 1 ? "" : "s");
  for (const Shape& s : shapes) {
    const at::Tensor a = factor(s.m, s.k, s.a_turned), b = factor(s.k, s.n, s.b_turned);
    at::Tensor c = at::empty({1, s.m, s.n});
    const double flops = 2e-9 * static_cast<double>(s.m * s.k * s.n);
    const double ours = seconds([&] { mtlgrid::multiply(c, a, b); }), atens = seconds([&] { at::bmm_out(c, a, b); });
    fmt::print("{}\t{}\t{}\t{:.1f}\t{:.1f}\t{:.2f}\n", s.m, s.k, s.n, flops / ours, flops / atens, atens / ours);
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const int threads = argc > 1 ? std::atoi(argv[1]) : 1;
    if (threads < 1) throw std::runtime_error("usage: gemm [THREADS]");
    run(threads);
    return 0;
  } catch (const std::exception& e) {
    fmt::print(stderr, "gemm: {}\n", e.what());
    return 2;
  }
}

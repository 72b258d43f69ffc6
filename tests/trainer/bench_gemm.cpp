// This machine's rate of float32 matrix products by ATen's library, for the limits in docs/performance.md.
//   gemm [THREADS]   prints M K N, batch, gigaflops (2 M K N a product), and microseconds a product
// Shapes: the linear layers of the default model for bags of 42, 1,000 and 4,000 tiles, and its attention (6 heads of
// 64).
#include <ATen/Parallel.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/rand.h>
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <vector>

namespace {

constexpr double kSecondsPerFigure = 0.5;

struct Shape {
  std::int64_t m, k, n, batch;
};

// The best quarter's median: other work on the machine only makes products slower.
double seconds(const Shape& s) {
  using Clock = std::chrono::steady_clock;
  const at::Tensor a = at::rand({s.batch, s.m, s.k}), b = at::rand({s.batch, s.k, s.n});
  at::Tensor c = at::empty({s.batch, s.m, s.n}), first = c[0];
  const at::Tensor a0 = a[0], b0 = b[0];
  std::vector<double> times;
  for (const auto start = Clock::now();
       times.size() < 8 || Clock::now() - start < std::chrono::duration<double>(kSecondsPerFigure);) {
    const auto begin = Clock::now();
    if (s.batch == 1) {
      at::mm_out(first, a0, b0);
    } else {
      at::bmm_out(c, a, b);
    }
    times.push_back(std::chrono::duration<double>(Clock::now() - begin).count());
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 8];
}

void run(int threads) {
  at::set_num_threads(threads);
  std::vector<Shape> shapes;
  for (const std::int64_t tiles : {42, 1000, 4000}) {
    shapes.push_back({tiles, 768, 384, 1});                      // projector
    shapes.push_back({tiles, 384, 384, 1});                      // attention's projections
    shapes.push_back({tiles, 384, 768, 1});                      // feed-forward, first half
    shapes.push_back({384, tiles, 384, 1});                      // gradient of a weight
    shapes.push_back({tiles, 64, tiles, tiles > 1000 ? 1 : 6});  // scores
    shapes.push_back({tiles, tiles, 64, tiles > 1000 ? 1 : 6});  // weighted values
  }
  shapes.push_back({2048, 2048, 2048, 1});  // large and square: what the library can do at best
  fmt::print("M\tK\tN\tbatch\tgigaflops\tmicroseconds ({} thread{})\n", threads, threads == 1 ? "" : "s");
  for (const Shape& s : shapes) {
    const double time = seconds(s), flops = 2.0 * static_cast<double>(s.m * s.k * s.n * s.batch);
    fmt::print("{}\t{}\t{}\t{}\t{:.1f}\t{:.1f}\n", s.m, s.k, s.n, s.batch, 1e-9 * flops / time, 1e6 * time);
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

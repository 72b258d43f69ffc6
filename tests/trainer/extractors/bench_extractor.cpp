// Features of CTransPath on the CPU, for bench_extractor.py, which sets PyTorch beside it.
//   extractor weights FILE            writes weights by rule, as torch.save would
//   extractor features THREADS PRECISION WEIGHTS|DESCRIPTION.json TILES OUT
//                                     features (float32, OUT) of all tiles (bytes, [n, 224, 224, 3]) in batches of 64;
//                                     prints their number, the seconds, and the processor's seconds of all threads
//   extractor rate THREADS            prints gigaflops of a product of 2048 x 2048 matrices
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/rand.h>
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <vector>

#include "tests/trainer/extractors/rule_weights.h"
#include "trainer/extractors/make_extractor.h"
#include "trainer/kernels/products.h"

namespace {

using namespace mtlgrid;

template <typename F>
double seconds(const F& f) {
  const auto begin = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void rate() {
  constexpr std::int64_t n = 2048;
  const at::Tensor a = at::rand({1, n, n}), b = at::rand({1, n, n}), c = at::empty({1, n, n});
  double best = 1e30;
  for (int i = 0; i < 8; ++i) best = std::min(best, seconds([&] { multiply(c, a, b); }));
  fmt::print("{:.1f}\n", 2e-9 * n * n * n / best);
}

void features(const ExtractorSettings& settings, const std::string& tiles_file, const std::string& out_file) {
  const auto extractor = make_extractor(settings);
  std::ifstream in(tiles_file, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(in), {}};
  const auto* tiles = reinterpret_cast<const std::uint8_t*>(bytes.data());
  const int side = extractor->side(), pixels = side * side * 3, n = static_cast<int>(bytes.size()) / pixels;
  std::vector<float> out(static_cast<std::size_t>(n * extractor->width()));
  extractor->features(tiles, std::min(n, 8), side, out.data());  // kernels are compiled at their first call
  const std::clock_t begin = std::clock();
  const double time = seconds([&] {
    for (int i = 0; i < n; i += settings.batch) {
      extractor->features(tiles + std::int64_t{i} * pixels, std::min(settings.batch, n - i), side,
                          out.data() + i * extractor->width());
    }
  });
  const double processor = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  std::ofstream(out_file, std::ios::binary)
      .write(reinterpret_cast<const char*>(out.data()), static_cast<std::streamsize>(out.size() * sizeof(float)));
  fmt::print("{}\t{:.3f}\t{:.3f}\n", n, time, processor);
}

void run(const std::vector<std::string>& arguments) {
  const std::string what = arguments.empty() ? "" : arguments[0];
  if (what == "weights" && arguments.size() == 2) {
    return testing::write_checkpoint(arguments[1], testing::rule_weights(), {});
  }
  if (arguments.size() < 2) throw std::runtime_error("see the head of its source for the arguments");
  ExtractorSettings settings;
  settings.threads = std::stoi(arguments[1]);
  at::set_num_threads(settings.threads);
  if (what == "rate") return rate();
  if (what != "features" || arguments.size() != 6)
    throw std::runtime_error("features THREADS PRECISION WEIGHTS TILES OUT");
  settings.precision = arguments[2];
  (arguments[3].ends_with(".json") ? settings.extractor : settings.weights) = arguments[3];
  features(settings, arguments[4], arguments[5]);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run({argv + 1, argv + argc});
    return 0;
  } catch (const std::exception& e) {
    fmt::print(stderr, "extractor: {}\n", e.what());
    return 2;
  }
}

// Milliseconds of one training step, by method, on random bags; bench_train_step.py sets the released code's way in
// PyTorch beside it.
//   train_step --tiles 42 --bags 40 --methods naive,cagrad --threads 1 --pack 1
// prints `METHOD<TAB>MILLISECONDS a step and cell`; several sizes (--tiles 42,1000 --bags 60,20) one after the other,
// with a line `# tiles N` before each. With --limit: also the operations of a step by formula, and how much of the time
// this machine needs for them at the least, from rates measured in the same run.
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/rand.h>
#include <malloc.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <chrono>
#include <climits>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <sstream>

#include "trainer/contract/flops.h"
#include "trainer/kernels/products.h"
#include "trainer/training/step.h"

namespace {

using namespace mtlgrid;
namespace po = boost::program_options;

struct Options {
  int tiles = 0, bags = 0, threads = 1, pack = 1, width = 768;  // tiles, bags: of the size at hand
  bool stacked = false, limit = false, no_graphs = false;
  ModelSettings model;
  TrainSettings train;
  std::string device = "cpu";
  at::Device where() const { return device == "cpu" ? at::Device(at::kCPU) : at::Device(at::kCUDA, 0); }
  std::string methods = "baseline,naive,graddrop,pcgrad,cagrad,autol,autol+cagrad", protocol = "paper";
  Protocol rules() const { return protocol == "paper" ? Protocol::paper() : Protocol::released_code(); }
};

template <typename F>
double milliseconds(const F& f) {
  const auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

// The pack's networks: one stack, or one after the other on the same bag, as the trainer has it on the CPU.
std::vector<StackStep> networks(const Options& o, const std::vector<std::string>& names) {
  const GroupStreams streams(1337, {"MSI", "LF", "naive", 0});
  std::vector<StackStep> stacks;
  for (const std::string& name : names) {
    StackStep one(method(name), o.model, o.train, o.rules(), make_layout(o.model, o.width, "c", "r"), streams,
                  o.where(), o.threads, !o.no_graphs);
    const auto host = std::find_if(stacks.begin(), stacks.end(), [&](const StackStep& stack) {
      return o.stacked && stackable(stack.method(), one.method());
    });
    if (host != stacks.end()) {
      host->join(std::move(one));
    } else {
      stacks.push_back(std::move(one));
    }
  }
  return stacks;
}

double milliseconds_a_step(const Options& o, const std::vector<std::string>& names, const std::vector<Example>& data) {
  std::vector<StackStep> stacks = networks(o, names);
  StepPlace place;
  const auto run = [&](std::size_t i) {
    for (StackStep& stack : stacks) {
      for (const MemberStep& member : stack.run(place, data[i], data[data.size() - 1 - i])) member.value();
    }
    ++place.step;
    ++place.number;
  };
  for (std::size_t i = 0; i < std::min<std::size_t>(3, data.size()); ++i) run(i);  // memory, caches, recordings
  const double time = milliseconds([&] {
    for (std::size_t i = 0; i < data.size(); ++i) run(i);
  });
  return time / static_cast<double>(data.size() * names.size());
}

// What the machine can do at best: on the CPU products of 1,000 x 384 by 384 x 384 (float32), and copying what no cache
// holds; a GPU is filled by the same with 100 times the rows and in 1 GiB.
struct Rates {
  double flops_a_millisecond, bytes_a_millisecond;
};
Rates measure_gpu_rates(at::Device device) {
  const at::TensorOptions o = at::TensorOptions().device(device);
  const at::Tensor a = at::rand({1, 100000, 384}, o), b = at::rand({1, 384, 384}, o),
                   c = at::empty({1, 100000, 384}, o);
  const at::Tensor from = at::rand({1 << 28}, o), to = at::empty({1 << 28}, o);
  // Work is waited for by reading one number.
  const auto best_of = [&](int times, const at::Tensor& wait, const auto& f) {
    double best = 1e300;
    for (int i = 0; i < times; ++i) {
      best = std::min(best, milliseconds([&] {
                        f();
                        wait.view(-1)[0].item<float>();
                      }));
    }
    return best;
  };
  return {2.0 * 100000 * 384 * 384 / best_of(20, c, [&] { multiply(c, a, b); }),
          2.0 * 4 * (1 << 28) / best_of(10, to, [&] { to.copy_(from); })};
}
Rates measure_rates(at::Device device) {
  if (!device.is_cpu()) return measure_gpu_rates(device);
  const at::Tensor a = at::rand({1, 1000, 384}), b = at::rand({1, 384, 384}), c = at::empty({1, 1000, 384});
  const std::size_t bytes = std::size_t{256} << 20;
  std::vector<char> from(bytes, 1), to(bytes, 2);
  Rates best = {0, 0};
  for (int i = 0; i < 20; ++i) {
    const double gemm = milliseconds([&] { multiply(c, a, b); });
    best.flops_a_millisecond = std::max(best.flops_a_millisecond, 2.0 * 1000 * 384 * 384 / gemm);
  }
  for (int i = 0; i < 5; ++i) {
    const double copy = milliseconds([&] { std::memcpy(to.data(), from.data(), bytes); });
    best.bytes_a_millisecond = std::max(best.bytes_a_millisecond, 2.0 * static_cast<double>(bytes) / copy);
  }
  return best;
}

void print(const Options& o, const std::string& name, double time, const Rates& rates) {
  if (!o.limit) {
    std::printf("%s\t%.3f\n", name.c_str(), time);
  } else {
    const double flops = step_flops(method(name), o.rules(), o.model, o.width, o.tiles);
    const double arithmetic = flops / rates.flops_a_millisecond;
    const double memory = step_bytes(method(name), o.rules(), o.model, o.width) / rates.bytes_a_millisecond;
    std::printf("%s\t%.3f\t%.2f\t%.3f\t%.3f\t%.0f\n", name.c_str(), time, flops / 1e9, arithmetic, memory,
                100 * std::max(arithmetic, memory) / time);
  }
  std::fflush(stdout);
}

std::vector<std::string> split(const std::string& list) {
  std::istringstream names(list);
  std::vector<std::string> out;
  for (std::string name; std::getline(names, name, ',');) out.push_back(name);
  return out;
}

// Bags of one size: each method by itself, or packs of them.
void time_size(const Options& o, const std::vector<std::string>& names, const Rates& rates) {
  std::vector<Example> data;
  const at::ScalarType type = o.train.precision == "fp64" ? at::kDouble : at::kFloat;
  for (int i = 0; i < o.bags; ++i) {
    data.push_back({at::rand({o.tiles, o.width}).to(o.where(), type), i % 2, (i % 7) / 7.0, "bag"});
  }
  if (o.pack == 1) {
    for (const std::string& name : names) print(o, name, milliseconds_a_step(o, {name}, data), rates);
    return;
  }
  const auto width = static_cast<std::size_t>(o.pack);
  for (std::size_t i = 0; i < names.size(); i += width) {
    const auto at = [&](std::size_t n) {
      return names.begin() + static_cast<std::ptrdiff_t>(std::min(n, names.size()));
    };
    const std::vector<std::string> pack(at(i), at(i + width));
    std::printf("pack of %zu\t%.3f\n", pack.size(), milliseconds_a_step(o, pack, data));
    std::fflush(stdout);
  }
}

int run(int argc, char** argv) {
  Options o;
  std::string tiles = "42", bags = "40";
  po::options_description description("mtlgrid's training step on random bags");
  description.add_options()("help", "this text")("tiles", po::value(&tiles), "tiles a bag; several: comma-separated")(
      "bags", po::value(&bags), "steps to time, for each size")(
      "methods", po::value(&o.methods), "comma-separated, or all")("threads", po::value(&o.threads), "compute threads")(
      "pack", po::value(&o.pack), "cells trained together: this many of the methods, in their order, are one line")(
      "device", po::value(&o.device), "cpu or cuda")("stacked", po::bool_switch(&o.stacked),
                                                     "stack the pack's networks as on a GPU")(
      "no-graphs", po::bool_switch(&o.no_graphs), "record no passes on a GPU")(
      "limit", po::bool_switch(&o.limit),
      "operations (GFLOP), least time for arithmetic and for memory (ms), % of the time")(
      "width", po::value(&o.width), "features a tile")("d-model", po::value(&o.model.d_model), "")(
      "heads", po::value(&o.model.heads), "")("ff", po::value(&o.model.ff), "")(
      "protocol", po::value(&o.protocol), "paper or released-code")("precision", po::value(&o.train.precision),
                                                                    "as train.precision");
  po::variables_map options;
  po::store(po::parse_command_line(argc, argv, description), options);
  po::notify(options);
  if (options.count("help")) {
    std::cout << description;
    return 0;
  }
  ::mallopt(M_MMAP_MAX, 0);  // as the trainer does
  ::mallopt(M_TRIM_THRESHOLD, INT_MAX);
  at::set_num_threads(o.threads);
  set_gpu_products(o.train.precision);
  std::vector<std::string> names = split(o.methods);
  if (o.methods == "all") {
    names.clear();
    for (const Method& m : methods()) names.push_back(m.name);
  }
  const Rates rates = o.limit ? measure_rates(o.where()) : Rates{};
  if (o.limit) {
    std::printf("# products by %s: %.0f GFLOP/s; memory: %.0f GB/s\n",
                o.where().is_cpu() ? product_library().c_str() : "cuBLAS", rates.flops_a_millisecond / 1e6,
                rates.bytes_a_millisecond / 1e6);
    std::printf("# method\tms\tGFLOP\tarithmetic ms\tmemory ms\t%% of the limit\n");
  }
  const std::vector<std::string> sizes = split(tiles), steps = split(bags);
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    o.tiles = std::stoi(sizes[i]);
    o.bags = std::stoi(steps[std::min(i, steps.size() - 1)]);
    if (sizes.size() > 1) std::printf("# tiles %d\n", o.tiles);
    time_size(o, names, rates);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& e) {
    std::cerr << "train_step: " << e.what() << "\n";
    return 2;
  }
}

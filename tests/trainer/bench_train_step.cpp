// Milliseconds of one training step, by method, on random bags: beside shared yardsticks in PyTorch, quote the ratio.
//   train_step --tiles 42 --bags 40 --methods naive,cagrad --threads 1 --pack 1
// prints `METHOD<TAB>MILLISECONDS a step and cell`.
#include <ATen/Parallel.h>
#include <ATen/ops/rand.h>
#include <malloc.h>

#include <boost/program_options.hpp>
#include <chrono>
#include <climits>
#include <cstdio>
#include <iostream>
#include <sstream>

#include "trainer/step.h"

namespace {

using namespace mtlgrid;
namespace po = boost::program_options;

struct Options {
  int tiles = 42, bags = 40, threads = 1, pack = 1, width = 768;
  ModelSettings model;
  std::string methods = "baseline,naive,graddrop,pcgrad,cagrad,autol,autol+cagrad", protocol = "paper";
};

double milliseconds_a_step(const Options& o, const std::string& name, const std::vector<Example>& data) {
  const GroupStreams streams(1337, {"MSI", "LF", name, 0});
  const Protocol protocol = o.protocol == "paper" ? Protocol::paper() : Protocol::released_code();
  MethodStep step(method(name), o.model, TrainSettings{}, protocol, make_layout(o.model, o.width, "c", "r"), streams,
                  at::kCPU, o.threads);
  StepPlace place;
  const auto run = [&](std::size_t i) {
    step.run(place, data[i], data[data.size() - 1 - i]);
    ++place.step;
    ++place.number;
  };
  for (std::size_t i = 0; i < std::min<std::size_t>(3, data.size()); ++i) run(i);  // memory and caches warm
  const auto start = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < data.size(); ++i) run(i);
  const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - start;
  return time.count() / static_cast<double>(data.size());
}

int run(int argc, char** argv) {
  Options o;
  po::options_description description("mtlgrid's training step on random bags");
  description.add_options()("help", "this text")("tiles", po::value(&o.tiles), "tiles a bag")(
      "bags", po::value(&o.bags), "steps to time")("methods", po::value(&o.methods), "comma-separated")(
      "threads", po::value(&o.threads), "compute threads")("pack", po::value(&o.pack), "cells trained together: 1")(
      "width", po::value(&o.width), "features a tile")("d-model", po::value(&o.model.d_model), "")(
      "heads", po::value(&o.model.heads), "")("ff", po::value(&o.model.ff), "")("protocol", po::value(&o.protocol),
                                                                                "paper or released-code");
  po::variables_map options;
  po::store(po::parse_command_line(argc, argv, description), options);
  po::notify(options);
  if (options.count("help")) {
    std::cout << description;
    return 0;
  }
  if (o.pack != 1) throw po::error("--pack: only 1 is built so far");
  ::mallopt(M_MMAP_MAX, 0);  // as the trainer does
  ::mallopt(M_TRIM_THRESHOLD, INT_MAX);
  at::set_num_threads(o.threads);
  std::vector<Example> data;
  for (int i = 0; i < o.bags; ++i) data.push_back({at::rand({o.tiles, o.width}), i % 2, (i % 7) / 7.0, "bag"});
  std::istringstream names(o.methods);
  for (std::string name; std::getline(names, name, ',');) {
    std::printf("%s\t%.2f\n", name.c_str(), milliseconds_a_step(o, name, data));
    std::fflush(stdout);
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

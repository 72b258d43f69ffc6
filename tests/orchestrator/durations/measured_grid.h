// A synthetic grid and measurements of its cells, drawn from a known truth.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "datasets/synthetic/synth.h"
#include "orchestrator/durations/duration_model.h"
#include "tests/orchestrator/config/scratch.h"

namespace mtlgrid::testing {

// The synthetic grid with early stopping between 3 and 24 epochs, and results made of a known truth.
class Durations : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    scratch_ = new Scratch;
    write_synthetic(scratch_->path() / "data", {});
    FingerprintMemory memory;
    plan_ = new Plan(make_plan(load_config(scratch_->path() / "data" / "grid.ini"), memory));
    plan_->config.train.epochs = 24;
    plan_->config.train.patience = 2;
    plan_->config.protocol.extra_patience = 0;
    plan_->config.model = {};  // the paper's: epochs take seconds
  }
  static void TearDownTestSuite() {
    delete plan_;
    delete scratch_;
  }
  static const std::vector<Cell>& cells() { return plan_->grid.cells; }
  static DurationModel model(const std::string& device = "auto") {
    Plan plan = *plan_;
    plan.config.run.device = device;
    return DurationModel(plan);
  }

  // What is true in these tests, of a device of 20 GFLOP/s: effects of methods, pairs and cells on the time of an
  // epoch, and of methods, folds and cells on the number of epochs.
  struct Truth {
    std::map<std::string, double> method, pair, epochs, fold;
    double noise = 0.05, epochs_noise = 0.2;
    std::uint32_t seed = 1;
  };
  static std::string fold_of(const Cell& cell) {
    return fmt::format("{}/{}/{}", cell.biomarker, cell.auxiliary, cell.fold);
  }
  static Truth truth(std::uint32_t seed, double noise = 0.05, double epochs_noise = 0.2, double fold_spread = 0.3) {
    std::mt19937 random(seed);
    std::normal_distribution<double> normal;
    Truth t{{}, {}, {}, {}, noise, epochs_noise, seed};
    for (const Cell& cell : cells()) {
      if (t.method.count(cell.method) == 0) t.method[cell.method] = 0.1 * normal(random);
      if (t.pair.count(cell.auxiliary) == 0) t.pair[cell.auxiliary] = 0.2 * normal(random);
      if (t.epochs.count(cell.method) == 0) t.epochs[cell.method] = std::log(8) + 0.2 * normal(random);
      if (t.fold.count(fold_of(cell)) == 0) t.fold[fold_of(cell)] = fold_spread * normal(random);
    }
    return t;
  }
  // A cell as it comes out by it; one that is told from others by the grid's order.
  static std::vector<MeasuredCell> measured(const Truth& t) {
    std::mt19937 random(t.seed + 1000);
    std::normal_distribution<double> normal;
    std::vector<MeasuredCell> all;
    for (const Cell& cell : cells()) {
      MeasuredCell m;
      m.cell = cell;
      m.device = "cpu";
      const double epochs = t.epochs.at(cell.method) + t.fold.at(fold_of(cell)) + t.epochs_noise * normal(random);
      m.epochs = std::clamp(static_cast<int>(std::lround(std::exp(epochs))), 3, 24);
      const double epoch = epoch_seconds(*plan_, cell, {20e9, 25e9, 1e-3}) *
                           std::exp(t.method.at(cell.method) + t.pair.at(cell.auxiliary) + t.noise * normal(random));
      m.epoch_seconds = m.epochs * epoch;
      m.seconds = m.epoch_seconds + 0.5 * std::exp(0.1 * normal(random));
      all.push_back(m);
    }
    return all;
  }
  static std::vector<MeasuredCell> some(std::vector<MeasuredCell> all, std::size_t count, std::uint32_t seed = 1) {
    std::shuffle(all.begin(), all.end(), std::mt19937(seed));
    all.resize(count);
    return all;
  }
  // One cell that took `seconds` an epoch, `epochs` times.
  static MeasuredCell one(const std::string& device, double seconds, int epochs = 6, int pack = 1) {
    MeasuredCell m;
    m.cell = cells().front();
    m.device = device;
    m.pack = pack;
    m.epochs = epochs;
    m.epoch_seconds = seconds * epochs;
    m.seconds = m.epoch_seconds + 0.5;
    return m;
  }
  static CellResult result(const MeasuredCell& m) {
    CellResult r;
    r.cell = m.cell;
    r.attempt = 1;
    r.environment.device = m.device;
    r.environment.pack = m.pack;
    r.started = 1000;
    r.ended = 1000 + m.seconds;
    for (int epoch = 1; epoch <= m.epochs; ++epoch) {
      r.epochs.push_back({});
      r.epochs.back().epoch = epoch;
      r.epochs.back().seconds = m.epoch_seconds / m.epochs;
    }
    return r;
  }
  // Root of the mean square of log(real / expected) over the cells.
  static double off(const DurationModel& durations, const std::vector<MeasuredCell>& real) {
    double sum = 0;
    for (const MeasuredCell& m : real) sum += std::pow(std::log(m.seconds / durations.expected(m.cell)), 2);
    return std::sqrt(sum / static_cast<double>(real.size()));
  }

  static inline Scratch* scratch_ = nullptr;
  static inline Plan* plan_ = nullptr;
};

}  // namespace mtlgrid::testing

// Whole cells of a tiny experiment, trained in a folder of their own.
#pragma once

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/trainer/contract/tiny_experiment.h"
#include "tests/trainer/process/fake_control.h"
#include "trainer/training/pack_run.h"

namespace mtlgrid::testing {

// A result without what differs from run to run: times, and where it was continued. Bytes, so that equality is
// bit-equality, NaN included.
inline std::vector<std::uint8_t> bits(CellResult r) {
  r.started = r.ended = 0;
  r.attempt = r.resumed = r.environment.pack = 0;
  r.environment.members.clear();
  for (EpochRow& row : r.epochs) row.seconds = 0;
  return nlohmann::json::to_msgpack(r);
}

class CellRunTest : public ::testing::Test {
 protected:
  CellRunTest() : experiment(tiny_experiment(folder.path())), bags(experiment) { at::set_num_threads(1); }

  Train train(const std::string& method, const std::string& attempt, std::vector<std::string> resume = {}) const {
    return {{"MSI", "LF", method, 0}, 1, (folder.path() / attempt).string(), std::move(resume)};
  }
  void run_pack(const std::vector<Train>& members, FakeControl& control, bool stacked = false) {
    DeviceBags on_cpu(bags, at::kCPU, 0);
    PackRun(experiment, members, on_cpu, {}, {at::kCPU, stacked}).run(control);
  }
  // A pack of one; throws what it failed with; nullopt: stopped.
  std::optional<CellResult> run(const Train& t, FakeControl& control) {
    run_pack({t}, control);
    for (const auto& [name, error] : control.errors) throw error;
    if (control.results.empty()) return std::nullopt;
    return control.results.at(t.cell.method);
  }
  CellResult run_whole(const std::string& method, const std::string& attempt = "whole") {
    FakeControl control;
    return run(train(method, attempt), control).value();
  }
  // Stops after `stop_at` questions, then resumes in another attempt's folder.
  CellResult run_in_two(const std::string& method, int stop_at) {
    FakeControl stop(stop_at), on;
    const Train first = train(method, "first"), second = train(method, "second", {first.directory});
    EXPECT_FALSE(run(first, stop).has_value());
    const CellResult result = run(second, on).value();
    std::filesystem::remove_all(first.directory);
    std::filesystem::remove_all(second.directory);
    return result;
  }

  TemporaryFolder folder;
  Experiment experiment;
  BagCache bags;
};

}  // namespace mtlgrid::testing

// A worker between a fake coordinator and fake trainers.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "orchestrator/session/worker.h"
#include "tests/orchestrator/scheduler/fake_grid.h"

namespace mtlgrid {

// Trainers that do nothing but remember; the test says what they report.
struct FakeTrainers : Trainers {
  explicit FakeTrainers(int slots) : sent(static_cast<std::size_t>(slots)), starts(static_cast<std::size_t>(slots)) {}
  int slots() const override { return static_cast<int>(sent.size()); }
  void start(int slot) override { ++starts[static_cast<std::size_t>(slot)]; }
  void send(int slot, const nlohmann::json& message) override {
    sent[static_cast<std::size_t>(slot)].push_back(message);
  }
  std::vector<TrainerEvent> poll() override { return std::exchange(events, {}); }
  void kill(int slot) override { killed.push_back(slot); }
  bool running(int) const override { return true; }

  std::vector<std::vector<nlohmann::json>> sent;
  std::vector<int> starts;
  std::vector<TrainerEvent> events;
  std::vector<int> killed;
};

class WorkerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    worker.begin(0);
    comm.expect(0, "hello");
    Welcome welcome;
    welcome.experiment = patientless_experiment(std::vector<Cell>{{"MSI", "LF", "naive", 3}});
    welcome.heartbeat_seconds = 5, welcome.lease_seconds = 60, welcome.stall_seconds = 600;
    worker.on_message(welcome, 0);
    EXPECT_EQ(comm.expect(0, "slots").at("slots"), 2);
    comm.expect(0, "heartbeat");
  }
  void report(int slot, const FromTrainer& message) { report_raw(slot, encode_message(message)); }
  // A message as it is sent, which may make no sense.
  void report_raw(int slot, const nlohmann::json& message) {
    trainers->events.push_back(TrainerMessage{slot, message});
    worker.poll();
  }
  void die(int slot) {
    trainers->events.push_back(TrainerDied{slot, "killed by signal 9 (SIGKILL)", "log", std::nullopt});
    worker.poll();
  }
  // A turn of the event loop, in which the coordinator is heard.
  void turn(double now) {
    worker.on_message(Ping{}, now);
    worker.on_tick(now);
  }
  void ready(int slot) { report(slot, Ready{1, 0, {}}); }
  Train assign(int slot, int attempt = 1) {
    const Train train{{"MSI", "LF", "naive", 0}, attempt, "folder", {}};
    worker.on_message(Assign{slot, {{train}}}, 1);
    return train;
  }

  FakeComm comm;
  FakeTrainers* trainers = nullptr;
  Worker worker{3, "host",
                [this](const Welcome&) {
                  auto made = std::make_unique<FakeTrainers>(2);
                  trainers = made.get();
                  return made;
                },
                comm};
};

}  // namespace mtlgrid

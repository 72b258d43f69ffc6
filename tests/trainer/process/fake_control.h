// The world outside a pack's training, for tests.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "trainer/process/service.h"

namespace mtlgrid::testing {

// Lets cells run, or stops them when it has been asked `stop_at` times (from 0). By method: what became of each.
class FakeControl : public PackControl {
 public:
  explicit FakeControl(int stop_at = -1) : stop_at_(stop_at) {}
  bool stop_requested() override { return stopping_ = stopping_ || asked_++ == stop_at_; }
  // Cells of these methods are to be left once it has been asked `release_at` times.
  bool release_requested(const Train& member) override {
    return asked_ > release_at && std::count(release.begin(), release.end(), member.cell.method) != 0;
  }
  void progress(const Train& member, int epoch, int, const EpochLosses&) override {
    epochs_of[member.cell.method].push_back(epoch);
  }
  void resumed(const Train& member, int epoch, int) override {
    resumed_in[member.cell.method] = epoch;
    epochs_of[member.cell.method].push_back(epoch);
  }
  void finished(const Train& member, const CellResult& result) override { results[member.cell.method] = result; }
  void failed(const Train& member, const Error& error) override { errors.emplace(member.cell.method, error); }
  void stopped(const Train& member) override { stops.push_back(member.cell.method); }
  int asked() const { return asked_; }
  std::map<std::string, std::vector<int>> epochs_of;
  std::map<std::string, int> resumed_in;
  std::map<std::string, CellResult> results;
  std::map<std::string, Error> errors;
  std::vector<std::string> stops;
  std::vector<std::string> release;
  int release_at = 0;

 private:
  int stop_at_, asked_ = 0;
  bool stopping_ = false;
};

}  // namespace mtlgrid::testing

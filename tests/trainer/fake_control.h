// The world outside a pack's training, for tests.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "trainer/service.h"

namespace mtlgrid::testing {

// Lets cells run, or stops them when it has been asked `stop_at` times (from 0). By method: what became of each.
class FakeControl : public PackControl {
 public:
  explicit FakeControl(int stop_at = -1) : stop_at_(stop_at) {}
  bool stop_requested() override { return stopping_ = stopping_ || asked_++ == stop_at_; }
  void progress(const Train& member, int epoch, int) override { epochs_of[member.cell.method].push_back(epoch); }
  void finished(const Train& member, const CellResult& result) override { results[member.cell.method] = result; }
  void failed(const Train& member, const Error& error) override { errors.emplace(member.cell.method, error); }
  void stopped(const Train& member) override { stops.push_back(member.cell.method); }
  int asked() const { return asked_; }
  std::map<std::string, std::vector<int>> epochs_of;
  std::map<std::string, CellResult> results;
  std::map<std::string, Error> errors;
  std::vector<std::string> stops;

 private:
  int stop_at_, asked_ = 0;
  bool stopping_ = false;
};

}  // namespace mtlgrid::testing

// The world outside a cell's training, for tests.
#pragma once

#include <vector>

#include "trainer/service.h"

namespace mtlgrid::testing {

// Lets a cell run, or stops it when it has asked `stop_at` times (from 0).
class FakeControl : public CellControl {
 public:
  explicit FakeControl(int stop_at = -1) : stop_at_(stop_at) {}
  bool stop_requested() override { return asked_++ == stop_at_; }
  void progress(int epoch, int) override { epochs.push_back(epoch); }
  int asked() const { return asked_; }
  std::vector<int> epochs;

 private:
  int stop_at_, asked_ = 0;
};

}  // namespace mtlgrid::testing

#include "trainer/process/injected_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/trainer/process/fake_control.h"
#include "trainer/process/environment.h"

namespace mtlgrid {
namespace {

// Takes ten steps a pack and then has a result for each member.
class TenSteps : public CellService {
 public:
  Environment environment() const override {
    Environment e;
    e.host = "n1";
    return e;
  }
  void run(const std::vector<Train>& members, PackControl& control) override {
    for (int step = 0; step < 10; ++step) {
      if (control.stop_requested()) return;
    }
    for (const Train& member : members) control.finished(member, {});
  }
};

const Train kNaiveCell = {{"MSI", "LF", "naive", 0}, 1, "", {}};
const Train kDwaCell = {{"MSI", "LF", "dwa", 0}, 1, "", {}};

void run(const std::string& orders, const std::vector<Train>& members) {
  testing::FakeControl control;
  with_injections(std::make_unique<TenSteps>(), parse_injections(orders))->run(members, control);
  EXPECT_EQ(control.results.size(), members.size());
}

ErrorKind error_of(const std::string& orders, const std::vector<Train>& members) {
  try {
    run(orders, members);
  } catch (const Error& e) {
    return e.kind();
  }
  ADD_FAILURE() << orders << ": no error";
  return ErrorKind::fatal;
}

TEST(Injection, StrikesThePackWithTheCellAndNoOther) {
  const std::string name = kNaiveCell.cell.name();
  EXPECT_EQ(error_of(name + "=fail", {kNaiveCell}), ErrorKind::cell_failed);
  EXPECT_EQ(error_of(name + "=fail:10", {kDwaCell, kNaiveCell}), ErrorKind::cell_failed);
  EXPECT_EQ(error_of("*=memory", {kDwaCell}), ErrorKind::out_of_memory);
  EXPECT_EQ(error_of("*@n1=full:2", {kDwaCell}), ErrorKind::needs_person);
  run(name + "=fail", {kDwaCell});
  run(name + "=fail:11", {kNaiveCell});  // it is through before
  run("*@n2=fail," + name + "@n2=crash", {kNaiveCell});
  EXPECT_EXIT(run("*=crash:3", {kNaiveCell}), ::testing::KilledBySignal(SIGSEGV), "injected: crash");
}

TEST(Injection, SlowTakesItsTimeEveryStep) {
  const double began = seconds_since_1970();
  run("*=slow:0.01", {kNaiveCell});
  EXPECT_GE(seconds_since_1970() - began, 0.1);
}

}  // namespace
}  // namespace mtlgrid

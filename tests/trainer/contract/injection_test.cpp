// Faults on order, and the logs of attempts.
#include "trainer/contract/injection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "results/store/layout.h"
#include "tests/trainer/contract/tiny_experiment.h"
#include "tests/trainer/training/fake_control.h"
#include "trainer/process/attempt_log.h"
#include "trainer/process/environment.h"
#include "trainer/process/injected_service.h"

namespace mtlgrid {
namespace {

using ::testing::HasSubstr;

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

const Train kNaive = {{"MSI", "LF", "naive", 0}, 1, "", {}};
const Train kDwa = {{"MSI", "LF", "dwa", 0}, 1, "", {}};

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
  const std::string name = kNaive.cell.name();
  EXPECT_EQ(error_of(name + "=fail", {kNaive}), ErrorKind::cell_failed);
  EXPECT_EQ(error_of(name + "=fail:10", {kDwa, kNaive}), ErrorKind::cell_failed);
  EXPECT_EQ(error_of("*=memory", {kDwa}), ErrorKind::out_of_memory);
  EXPECT_EQ(error_of("*@n1=full:2", {kDwa}), ErrorKind::needs_person);
  run(name + "=fail", {kDwa});
  run(name + "=fail:11", {kNaive});  // it is through before
  run("*@n2=fail," + name + "@n2=crash", {kNaive});
  EXPECT_EXIT(run("*=crash:3", {kNaive}), ::testing::KilledBySignal(SIGSEGV), "injected: crash");
}

TEST(Injection, SlowTakesItsTimeEveryStep) {
  const double began = seconds_since_1970();
  run("*=slow:0.01", {kNaive});
  EXPECT_GE(seconds_since_1970() - began, 0.1);
}

TEST(Injection, OrdersThatAreNoneAreAllToldOf) {
  try {
    parse_injections("a=crash,b,=fail,c=explode,d=slow:x,e=hang:-1,@n1=fail");
    FAIL();
  } catch (const InputError& e) {
    EXPECT_EQ(e.problems().size(), 6u) << e.what();
    EXPECT_THAT(e.what(), HasSubstr("'c=explode'"));
  }
  EXPECT_TRUE(parse_injections("").empty());
}

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST(AttemptLog, HoldsWhatIsWrittenWhileItLivesForEveryMemberOfThePack) {
  const testing::TemporaryFolder folder;
  Train first = kNaive, second = kDwa;
  first.directory = folder.path() / "naive" / "attempt-1";
  second.directory = folder.path() / "dwa" / "attempt-3";
  Environment where;
  where.host = "n1";
  const mode_t mask = umask(077);
  for (int i = 0; i < 2; ++i) {  // a trainer that begins the attempt anew appends
    const AttemptLog log({{first, second}}, where);
    std::fprintf(stderr, "line %d\n", i);
    std::printf("printed\n");
  }
  umask(mask);
  std::fprintf(stderr, "not in the log\n");
  for (const Train& member : {first, second}) {
    const std::string text = text_of(std::filesystem::path(member.directory) / kAttemptLog);
    EXPECT_THAT(text, HasSubstr("line 0\n"));
    EXPECT_THAT(text, HasSubstr("line 1\n"));
    EXPECT_THAT(text, HasSubstr("printed\n"));
    EXPECT_THAT(text, HasSubstr("on n1"));
    EXPECT_THAT(text, HasSubstr(second.cell.name() + " attempt 1"));
    EXPECT_THAT(text, ::testing::Not(HasSubstr("not in the log")));
  }
  struct stat status {};
  ASSERT_EQ(stat((std::filesystem::path(first.directory) / kAttemptLog).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u) << "the user's umask counts";
}

TEST(AttemptLog, FolderThatCannotBeMadeIsAnError) {
  const testing::TemporaryFolder folder;
  std::ofstream(folder.path() / "file") << "";
  Train train = kNaive;
  train.directory = folder.path() / "file" / "attempt-1";
  EXPECT_THROW(AttemptLog({{train}}, {}), Error);
}

}  // namespace
}  // namespace mtlgrid

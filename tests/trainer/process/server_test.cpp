// A trainer's conversation with its rank, over real pipes with a fake service. The executable's:
// tests/trainer/program/executable_test.cpp.
#include "trainer/process/server.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <thread>

#include "base/errors.h"
#include "base/system_error.h"
#include "tests/trainer/process/rank_side.h"

namespace mtlgrid {
namespace {

using nlohmann::json;
using testing::pack_message;
using testing::Rank;
using testing::stage_message;
using testing::train_message;

// Does what the method's name says.
class FakeService : public CellService {
 public:
  Environment environment() const override { return {}; }
  bool keeps_logs() const override { return false; }
  std::string staging_lacks() const override { return "reasons of its own"; }
  std::string staging_id() override {
    if (ids_++ > 0) throw Error(ErrorKind::fatal, "one id is enough");
    return "abc";
  }
  Staged stage(const Stage& order, const std::function<bool()>& stop) override {
    try {
      while (order.id == "endless" && !stop()) {
      }
    } catch (const Error&) {  // as staging takes them
    }
    Staged staged;
    staged.error = order.id == "endless" ? "stopped on request" : "";
    staged.cohorts = order.size;
    staged.environment.libraries = order.id;
    return staged;
  }
  void run(const std::vector<Train>& members, PackControl& control) override {
    for (const Train& member : members) run_one(member, control);
  }

 private:
  int ids_ = 0;
  static void run_one(const Train& train, PackControl& control) {
    if (train.cell.method == "maths") throw Error(ErrorKind::cell_failed, "epoch 1: loss is nan\nmore");
    if (train.cell.method == "data") throw InputError("file.h5: truncated");
    if (train.cell.method == "system") throw system_error("file.h5", EIO);
    if (train.cell.method == "memory") throw Error(ErrorKind::out_of_memory, "17 members");
    if (train.cell.method == "disk") throw Error(ErrorKind::needs_person, "no space");
    if (train.cell.method == "bug") throw std::runtime_error("bug");
    if (train.cell.method == "forgotten") return;
    control.progress(train, 1, 2, {});
    if (train.cell.method == "endless") {
      while (!control.stop_requested() && !control.release_requested(train)) {
      }
      return control.stopped(train);
    }
    CellResult result;
    result.cell = train.cell;
    result.attempt = train.attempt;
    control.finished(train, result);
    if (train.cell.method == "twice") control.finished(train, result);
  }
};

class Conversation : public ::testing::Test {
 protected:
  Conversation()
      : server([this] {
          status = serve(
              rank.trainer_in(), rank.trainer_out(),
              [](const ::mtlgrid::Setup&) { return std::make_unique<FakeService>(); }, 0);
        }) {}
  ~Conversation() override { finish(); }
  int finish() {
    if (server.joinable()) {
      rank.hang_up();
      server.join();
    }
    return status;
  }
  void set_up() {
    rank.send(encode_message(::mtlgrid::Setup{}));
    EXPECT_EQ(rank.next().at("type"), "ready");
  }
  Rank rank;
  int status = -1;
  std::thread server;
};

TEST_F(Conversation, ServesCellAfterCell) {
  set_up();
  for (int i = 0; i < 3; ++i) {
    rank.send(train_message("dwa"));
    EXPECT_EQ(rank.next().at("type"), "progress");
    const json finished = rank.next();
    EXPECT_EQ(finished.at("type"), "finished");
    EXPECT_EQ(finished.at("result").at("attempt"), 4);
  }
  EXPECT_EQ(finish(), kEndOfPipe);
}

TEST_F(Conversation, CellsOwnErrorsAreAnsweredAndServingGoesOn) {
  set_up();
  rank.send(train_message("maths"));
  const json failed = rank.next();
  EXPECT_EQ(failed.at("type"), "failed");
  EXPECT_EQ(failed.at("cause"), "epoch 1: loss is nan");
  EXPECT_EQ(failed.at("detail"), "epoch 1: loss is nan\nmore");
  rank.send(train_message("data"));
  EXPECT_EQ(rank.next().at("cause"), "file.h5: truncated");
  rank.send(train_message("dwa"));
  EXPECT_EQ(rank.next().at("type"), "progress");
}

TEST_F(Conversation, ErrorsOfTheSystemAreToBeRetriedAndServingGoesOn) {
  set_up();
  rank.send(train_message("system"));
  const json failed = rank.next();
  EXPECT_EQ(failed.at("type"), "failed");
  EXPECT_EQ(failed.at("retry"), true);
  EXPECT_EQ(failed.at("smaller_pack"), false);
  rank.send(train_message("data"));
  EXPECT_EQ(rank.next().at("retry"), false);
  rank.send(train_message("dwa"));
  EXPECT_EQ(rank.next().at("type"), "progress");
}

TEST_F(Conversation, AnswersEveryMemberOfAPack) {
  set_up();
  rank.send(pack_message({"dwa", "naive", "uncert"}));
  for (const char* method : {"dwa", "naive", "uncert"}) {
    EXPECT_EQ(rank.next().at("cell").at("method"), method);
    EXPECT_EQ(rank.next().at("result").at("cell").at("method"), method);
  }
}

TEST_F(Conversation, ErrorOfAPackFailsTheMembersThatHaveNoAnswerYet) {
  set_up();
  rank.send(pack_message({"dwa", "memory", "naive"}));
  EXPECT_EQ(rank.next().at("type"), "progress");
  EXPECT_EQ(rank.next().at("type"), "finished");
  for (const char* method : {"memory", "naive"}) {
    const json failed = rank.next();
    EXPECT_EQ(failed.at("cell").at("method"), method);
    EXPECT_EQ(failed.at("smaller_pack"), true);
    EXPECT_EQ(failed.at("cause"), "17 members");
  }
  rank.send(train_message("maths"));
  EXPECT_EQ(rank.next().at("smaller_pack"), false);
}

class BadPack : public Conversation, public ::testing::WithParamInterface<std::vector<std::string>> {};

TEST_P(BadPack, EndsTheProcess) {
  set_up();
  rank.send(pack_message(GetParam()));
  server.join();
  EXPECT_EQ(status, kInternalError);
}

INSTANTIATE_TEST_SUITE_P(Packs, BadPack,
                         ::testing::Values(std::vector<std::string>{}, std::vector<std::string>{"dwa", "dwa"},
                                           std::vector<std::string>{"forgotten"}, std::vector<std::string>{"twice"}));

class OtherGroup : public Conversation, public ::testing::WithParamInterface<const char*> {};

TEST_P(OtherGroup, EndsTheProcess) {
  set_up();
  json message = pack_message({"dwa", "naive"});
  message["members"][1]["cell"][GetParam()] = 3;
  rank.send(message);
  server.join();
  EXPECT_EQ(status, kInternalError);
}

INSTANTIATE_TEST_SUITE_P(Packs, OtherGroup, ::testing::Values("fold", "repeat"));

TEST_F(Conversation, StopEndsTheRunningCell) {
  set_up();
  rank.send(train_message("endless"));
  EXPECT_EQ(rank.next().at("type"), "progress");
  rank.send({{"type", "stop"}});
  const json stopped = rank.next();
  EXPECT_EQ(stopped.at("type"), "stopped");
  EXPECT_EQ(stopped.at("attempt"), 4);
}

TEST_F(Conversation, ReleaseEndsTheCellsThatItNames) {
  set_up();
  rank.send(train_message("endless"));
  EXPECT_EQ(rank.next().at("type"), "progress");
  rank.send(encode_message(Release{{"dwa"}}));
  rank.send(encode_message(Release{{"endless", "naive"}}));
  EXPECT_EQ(rank.next().at("type"), "stopped");
  rank.send(train_message("dwa"));  // and it serves on
  EXPECT_EQ(rank.next().at("type"), "progress");
}

TEST_F(Conversation, StopAndReleaseBetweenCellsAskForNothing) {
  set_up();
  rank.send({{"type", "stop"}});
  rank.send(encode_message(Release{{"endless"}}));
  rank.send(train_message("endless"));
  EXPECT_EQ(rank.next().at("type"), "progress");
  rank.send({{"type", "stop"}});
  EXPECT_EQ(rank.next().at("type"), "stopped");
}

TEST_F(Conversation, ReadySaysWhatStagingLacks) {
  rank.send(encode_message(::mtlgrid::Setup{}));
  EXPECT_EQ(rank.next().at("staging_lacks"), "reasons of its own");
}

TEST_F(Conversation, StagesThenServesCells) {
  set_up();
  rank.send({{"type", "stage_id"}});
  const json id = rank.next();
  EXPECT_EQ(id.at("type"), "stage_id");
  EXPECT_EQ(id.at("id"), "abc");
  EXPECT_EQ(id.at("error"), "");
  rank.send(stage_message("abc"));
  const json staged = rank.next();
  EXPECT_EQ(staged.at("type"), "staged");
  EXPECT_EQ(staged.at("cohorts"), 2);
  EXPECT_EQ(staged.at("environment").at("libraries"), "abc");
  rank.send(train_message("dwa"));
  EXPECT_EQ(rank.next().at("type"), "progress");
}

TEST_F(Conversation, IdThatCannotBeMadeIsAnsweredWithTheReason) {
  set_up();
  rank.send({{"type", "stage_id"}});
  rank.next();
  rank.send({{"type", "stage_id"}});
  EXPECT_EQ(rank.next().at("error"), "one id is enough");
}

TEST_F(Conversation, StopEndsStagingAndCellsFollow) {
  set_up();
  rank.send(stage_message("endless"));
  rank.send({{"type", "stop"}});
  EXPECT_EQ(rank.next().at("error"), "stopped on request");
  rank.send(train_message("endless"));
  EXPECT_EQ(rank.next().at("type"), "progress");
  rank.send({{"type", "stop"}});
  EXPECT_EQ(rank.next().at("type"), "stopped");
}

TEST_F(Conversation, CellDuringStagingEndsTheProcess) {
  set_up();
  rank.send(stage_message("endless"));
  rank.send(train_message("dwa"));
  server.join();
  EXPECT_EQ(status, kInternalError);
}

TEST_F(Conversation, StagingBeforeSetupEndsTheProcess) {
  rank.send(stage_message("abc"));
  server.join();
  EXPECT_EQ(status, kInternalError);
}

TEST_F(Conversation, FullDiskAndBugsEndTheProcessWithTheirStatus) {
  set_up();
  rank.send(train_message("disk"));
  server.join();
  EXPECT_EQ(status, kDiskFull);
}

TEST_F(Conversation, UnexpectedErrorEndsTheProcess) {
  set_up();
  rank.send(train_message("bug"));
  server.join();
  EXPECT_EQ(status, kInternalError);
}

TEST_F(Conversation, TrainBeforeSetupEndsTheProcess) {
  rank.send(train_message("dwa"));
  server.join();
  EXPECT_EQ(status, kInternalError);
}

TEST_F(Conversation, MessagesWithoutATypeOrFieldsEndTheProcess) {
  set_up();
  rank.send({{"type", "train"}});
  server.join();
  EXPECT_EQ(status, kInternalError);
}

TEST_F(Conversation, BrokenStreamEndsTheProcess) {
  rank.send_bytes(std::string("\xff\xff\xff\xff", 4));
  server.join();
  EXPECT_EQ(status, kInternalError);
}

TEST_F(Conversation, PipeEndingWithinAMessageIsAnError) {
  rank.send_bytes(encode_frame(encode_message(::mtlgrid::Setup{})).substr(0, 20));
  EXPECT_EQ(finish(), kInternalError);
}

}  // namespace
}  // namespace mtlgrid

// The conversation of a trainer process: over real pipes, first with a fake service, then the executable itself.
#include "trainer/process/server.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <thread>

#include "base/errors.h"
#include "tests/trainer/contract/tiny_experiment.h"
#include "trainer/contract/parameters.h"
#include "trainer/contract/requests.h"
#include "trainer/formats/weights.h"

extern char** environ;

namespace mtlgrid {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

// The rank's side of the pipes.
class Rank {
 public:
  Rank() {
    if (::pipe2(to_, O_CLOEXEC) != 0 || ::pipe2(from_, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  }
  Rank(const Rank&) = delete;
  Rank& operator=(const Rank&) = delete;
  ~Rank() {
    for (int fd : {to_[0], to_[1], from_[0], from_[1]}) {
      if (fd >= 0) ::close(fd);
    }
  }
  int trainer_in() const { return to_[0]; }
  int trainer_out() const { return from_[1]; }
  void send(const json& message) { send_bytes(encode_frame(message)); }
  void send_bytes(const std::string& bytes) {
    ASSERT_EQ(::write(to_[1], bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }
  void hang_up() { drop(to_[1]); }
  void close_trainer_ends() {
    drop(to_[0]);
    drop(from_[1]);
  }
  // The next message; null at the end of the pipe or after a minute of silence.
  json next() {
    for (;;) {
      if (auto message = reader_.next()) return *message;
      pollfd p = {from_[0], POLLIN, 0};
      if (::poll(&p, 1, 60000) <= 0) return nullptr;
      std::array<char, 65536> bytes;
      const ssize_t n = ::read(from_[0], bytes.data(), bytes.size());
      if (n <= 0) return nullptr;
      reader_.feed({bytes.data(), static_cast<std::size_t>(n)});
    }
  }

 private:
  static void drop(int& fd) {
    ::close(fd);
    fd = -1;
  }
  int to_[2], from_[2];
  FrameReader reader_;
};

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
    if (train.cell.method == "memory") throw Error(ErrorKind::out_of_memory, "17 members");
    if (train.cell.method == "disk") throw Error(ErrorKind::needs_person, "no space");
    if (train.cell.method == "bug") throw std::runtime_error("bug");
    if (train.cell.method == "forgotten") return;
    control.progress(train, 1, 2);
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

json pack_message(const std::vector<std::string>& methods) {
  TrainPack pack;
  for (const std::string& method : methods) pack.members.push_back({{"MSI", "LF", method, 0}, 4, "/nowhere", {}});
  return typed("train", pack);
}

json train_message(const std::string& method) { return pack_message({method}); }

json train_message(const Train& train) { return typed("train", TrainPack{{train}}); }

class Conversation : public ::testing::Test {
 protected:
  Conversation()
      : server([this] {
          status = serve(rank.trainer_in(), rank.trainer_out(),
                         [](const ::mtlgrid::Setup&) { return std::make_unique<FakeService>(); });
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
    rank.send(typed("setup", ::mtlgrid::Setup{}));
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

TEST_F(Conversation, MembersOfAnotherGroupEndTheProcess) {
  set_up();
  json message = pack_message({"dwa", "naive"});
  message["members"][1]["cell"]["fold"] = 3;
  rank.send(message);
  server.join();
  EXPECT_EQ(status, kInternalError);
}

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
  rank.send(typed("release", Release{{"dwa"}}));
  rank.send(typed("release", Release{{"endless", "naive"}}));
  EXPECT_EQ(rank.next().at("type"), "stopped");
  rank.send(train_message("dwa"));  // and it serves on
  EXPECT_EQ(rank.next().at("type"), "progress");
}

TEST_F(Conversation, StopAndReleaseBetweenCellsAskForNothing) {
  set_up();
  rank.send({{"type", "stop"}});
  rank.send(typed("release", Release{{"endless"}}));
  rank.send(train_message("endless"));
  EXPECT_EQ(rank.next().at("type"), "progress");
  rank.send({{"type", "stop"}});
  EXPECT_EQ(rank.next().at("type"), "stopped");
}

TEST_F(Conversation, ReadySaysWhatStagingLacks) {
  rank.send(typed("setup", ::mtlgrid::Setup{}));
  EXPECT_EQ(rank.next().at("staging_lacks"), "reasons of its own");
}

json stage_message(const std::string& id) { return typed("stage", Stage{id, 1, 2, {0, 1}, 300}); }

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
  rank.send_bytes(encode_frame(typed("setup", ::mtlgrid::Setup{})).substr(0, 20));
  EXPECT_EQ(finish(), kInternalError);
}

// The built executable, a child of this process.
class Executable : public ::testing::Test {
 protected:
  void start(std::vector<std::string> words) {
    words.insert(words.begin(), MTLGRID_BUILD "/mtlgrid-trainer");
    std::vector<char*> argv;
    for (std::string& w : words) argv.push_back(w.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, rank.trainer_in(), 0);
    posix_spawn_file_actions_adddup2(&actions, rank.trainer_out(), 1);
    ASSERT_EQ(::posix_spawn(&pid, argv[0], &actions, nullptr, argv.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    rank.close_trainer_ends();
  }
  void set_up() {
    experiment = testing::tiny_experiment(folder.path());
    experiment.train.epochs = 2;
    rank.send(typed("setup", ::mtlgrid::Setup{experiment, 2}));
    const json ready = rank.next();
    ASSERT_EQ(ready.at("type"), "ready");
    EXPECT_EQ(ready.at("pid"), pid);
    EXPECT_EQ(ready.at("environment").at("rank"), 2);
    EXPECT_THAT(ready.at("environment").at("libraries").get<std::string>(), HasSubstr("torch 2."));
  }
  std::string directory(const std::string& name) const { return (folder.path() / name).string(); }
  int wait_status() {
    int status = 0;
    ::waitpid(pid, &status, 0);
    pid = -1;
    return status;
  }
  ~Executable() override {
    if (pid <= 0) return;
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
  testing::TemporaryFolder folder;
  Experiment experiment;
  Rank rank;
  pid_t pid = -1;
};

TEST_F(Executable, TrainsCellsStopsAndGoesOn) {
  start({});
  set_up();
  rank.send(train_message(Train{{"MSI", "LF", "autol+cagrad", 0}, 1, directory("one"), {}}));
  EXPECT_EQ(rank.next().at("type"), "progress");
  EXPECT_EQ(rank.next().at("type"), "progress");
  json finished = rank.next();
  ASSERT_EQ(finished.at("type"), "finished") << finished;
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "one" / "weights.mtlgrid"));

  // Stop right behind the order: the cell ends at its first step, with a checkpoint.
  rank.send_bytes(encode_frame(train_message(Train{{"MSI", "LF", "dwa", 0}, 1, directory("two"), {}})) +
                  encode_frame({{"type", "stop"}}));
  EXPECT_EQ(rank.next().at("type"), "stopped");
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "two" / "checkpoint-0000000000"));
  rank.send(train_message(Train{{"MSI", "LF", "dwa", 0}, 2, directory("three"), {directory("two")}}));
  json message = rank.next();
  while (message.at("type") == "progress") message = rank.next();
  EXPECT_EQ(message.at("type"), "finished");
  rank.hang_up();
  EXPECT_EQ(wait_status(), 0);
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "two" / "checkpoint-0000000000")) << "the coordinator removes it";
}

TEST_F(Executable, OnTheCpuStagesNothingAndSaysWhy) {
  start({});
  experiment = testing::tiny_experiment(folder.path());
  rank.send(typed("setup", ::mtlgrid::Setup{experiment, 0}));
  const json ready = rank.next();
  EXPECT_EQ(ready.at("staging_lacks"), "this trainer computes on the CPU");
  EXPECT_THAT(ready.at("environment").at("libraries").get<std::string>(), Not(HasSubstr("features")));
  rank.send(stage_message("no id"));
  const json staged = rank.next();
  EXPECT_EQ(staged.at("type"), "staged");
  EXPECT_NE(staged.at("error"), "");
  rank.send(train_message(Train{{"MSI", "LF", "naive", 0}, 1, directory("one"), {}}));
  EXPECT_EQ(rank.next().at("type"), "progress");
}

TEST_F(Executable, EndOfPipeDuringACellEndsItAtOnce) {
  start({});
  experiment = testing::tiny_experiment(folder.path());
  experiment.train.epochs = 1000000;
  experiment.train.patience = 1000000;
  rank.send(typed("setup", ::mtlgrid::Setup{experiment, 0}));
  EXPECT_EQ(rank.next().at("type"), "ready");
  rank.send(train_message(Train{{"MSI", "LF", "naive", 0}, 1, directory("one"), {}}));
  EXPECT_EQ(rank.next().at("type"), "progress");
  rank.hang_up();
  EXPECT_EQ(wait_status(), 0);
  bool kept = false;
  for (const auto& entry : std::filesystem::directory_iterator(directory("one"))) {
    kept = kept || entry.path().filename().string().starts_with("checkpoint-");
  }
  EXPECT_TRUE(kept);
}

TEST_F(Executable, SignalsOfTheGroupAreTheRanksBusiness) {
  start({});
  set_up();
  for (int signal : {SIGINT, SIGTERM, SIGUSR1}) ::kill(pid, signal);
  rank.send(train_message(Train{{"MSI", "LF", "baseline", 0}, 1, directory("one"), {}}));
  json message = rank.next();
  while (message.at("type") == "progress") message = rank.next();
  EXPECT_EQ(message.at("type"), "finished");
}

TEST_F(Executable, CellThatIsNotThereEndsTheProcessLoudly) {
  start({});
  set_up();
  rank.send(train_message(Train{{"MSI", "LF", "naive", 7}, 1, directory("one"), {}}));
  EXPECT_TRUE(rank.next().is_null());
  EXPECT_EQ(WEXITSTATUS(wait_status()), kInternalError);
}

TEST_F(Executable, EmptyCellsAreAnsweredAtOnce) {
  start({"--empty"});
  rank.send(typed("setup", ::mtlgrid::Setup{}));
  EXPECT_EQ(rank.next().at("environment").at("libraries"), "none: empty cells");
  rank.send(train_message("dwa"));
  const json finished = rank.next();
  EXPECT_EQ(finished.at("type"), "finished");
  EXPECT_EQ(finished.at("result").at("attempt"), 4);
}

TEST_F(Executable, UnknownOptionsAndCommandsAreUsageErrors) {
  start({"--unknown"});
  EXPECT_EQ(WEXITSTATUS(wait_status()), 2);
}

// One request, one answer, and the process is gone.
class Answer : public Executable {
 protected:
  json answer_to(const json& request) {
    start({"answer"});
    rank.send(request);
    json answer = rank.next();
    EXPECT_TRUE(rank.next().is_null());
    EXPECT_EQ(wait_status(), 0);
    return answer;
  }
};

TEST_F(Answer, ToARequestThatCannotBeMetSaysWhoMustAct) {
  const json answer = answer_to(typed("export", ExportRequest{directory("none"), directory("out.pt")}));
  EXPECT_EQ(answer.at("type"), "refused");
  EXPECT_EQ(answer.at("kind"), static_cast<int>(ErrorKind::bad_input));
  EXPECT_THAT(answer.at("detail").get<std::string>(), HasSubstr("none: cannot be opened"));
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "out.pt"));
}

TEST_F(Answer, ToPredictIsInTheCohortsOrder) {
  experiment = testing::tiny_experiment(folder.path());
  const Pair& pair = experiment.pairs[0];
  const ParameterLayout layout =
      make_layout(experiment.model, testing::kTinyWidth, pair.label_column, pair.auxiliary_column);
  Weights weights{{"MSI", "LF", "naive", 0},
                  experiment.model,
                  testing::kTinyWidth,
                  pair.label_column,
                  pair.auxiliary_column,
                  10,
                  4,
                  1,
                  std::vector<float>(static_cast<std::size_t>(layout.total), 0.25f)};
  write_weights_file(directory("w"), weights);
  const PredictRequest request{directory("w"), "", true, 1, experiment.cohorts[1]};
  const auto joint = answer_to(typed("predict", request)).get<PredictAnswer>();
  ASSERT_EQ(joint.predictions.size(), experiment.cohorts[1].patients.size());
  for (std::size_t i = 0; i < joint.predictions.size(); ++i) {
    EXPECT_EQ(joint.predictions[i].patient, experiment.cohorts[1].patients[i].name);
    EXPECT_EQ(joint.embeddings[i].values.size(), 8u);
    EXPECT_TRUE(std::isfinite(joint.predictions[i].prediction));
  }
}

TEST_F(Answer, ToFeaturesOfAnotherWidthIsARefusal) {
  experiment = testing::tiny_experiment(folder.path());
  const ModelSettings& model = experiment.model;
  const ParameterLayout layout = make_layout(model, 5, "a", "b");
  write_weights_file(directory("w"), {{"MSI", "LF", "naive", 0},
                                      model,
                                      5,
                                      "a",
                                      "b",
                                      0,
                                      1,
                                      1,
                                      std::vector<float>(static_cast<std::size_t>(layout.total))});
  const json answer = answer_to(typed("predict", PredictRequest{directory("w"), "", true, 1, experiment.cohorts[1]}));
  EXPECT_THAT(answer.at("detail").get<std::string>(),
              HasSubstr("patient OUTER-0 of cohort OUTER: 6 features a tile, expected 5"));
}

}  // namespace
}  // namespace mtlgrid

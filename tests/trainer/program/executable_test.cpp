// The built mtlgrid-trainer, a child of the test, over real pipes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cmath>

#include "base/errors.h"
#include "tests/trainer/contract/tiny_experiment.h"
#include "tests/trainer/process/rank_side.h"
#include "trainer/contract/parameters.h"
#include "trainer/contract/requests.h"
#include "trainer/formats/weights.h"

extern char** environ;

namespace mtlgrid {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Rank;
using testing::stage_message;
using testing::train_message;

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
    rank.send(encode_message(::mtlgrid::Setup{experiment, 2}));
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
  rank.send(encode_message(::mtlgrid::Setup{experiment, 0}));
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
  rank.send(encode_message(::mtlgrid::Setup{experiment, 0}));
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
  rank.send(encode_message(::mtlgrid::Setup{}));
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
  const json answer = answer_to(encode_message(ExportRequest{{directory("none"), {}, ""}, directory("out.pt")}));
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
                  std::vector<float>(static_cast<std::size_t>(layout.total), 0.25f),
                  "grid"};
  write_weights_file(directory("w"), weights);
  const PredictRequest request{{directory("w"), weights.cell, "grid"}, "", true, 1, experiment.cohorts[1]};
  const auto joint = answer_to(encode_message(request)).get<PredictAnswer>();
  ASSERT_EQ(joint.predictions.size(), experiment.cohorts[1].patients.size());
  for (std::size_t i = 0; i < joint.predictions.size(); ++i) {
    EXPECT_EQ(joint.predictions[i].patient, experiment.cohorts[1].patients[i].name);
    EXPECT_EQ(joint.embeddings[i].values.size(), 8u);
    EXPECT_TRUE(std::isfinite(joint.predictions[i].prediction));
  }
}

// Weights of a cell, and a request to predict with them.
class AnswerWithWeights : public Answer {
 protected:
  PredictRequest request() {
    experiment = testing::tiny_experiment(folder.path());
    const ParameterLayout layout = make_layout(experiment.model, testing::kTinyWidth, "a", "b");
    const Cell cell{"MSI", "LF", "naive", 0};
    write_weights_file(directory("w"), {cell, experiment.model, testing::kTinyWidth, "a", "b", 0, 1, 1,
                                        std::vector<float>(static_cast<std::size_t>(layout.total)), "grid"});
    return {{directory("w"), cell, "grid"}, "", true, 1, experiment.cohorts[1]};
  }
};

TEST_F(AnswerWithWeights, ToFeaturesThatHaveChangedIsARefusal) {
  PredictRequest changed = request();
  changed.cohort.patients[2].files = changed.cohort.patients[3].files;
  changed.cohort.patients[2].files[0].path = experiment.cohorts[1].patients[4].files[0].path;
  const json answer = answer_to(encode_message(changed));
  EXPECT_EQ(answer.at("kind"), static_cast<int>(ErrorKind::needs_person));
  EXPECT_THAT(answer.at("detail").get<std::string>(), HasSubstr("features changed: cohort OUTER, patient OUTER-2"));
}

TEST_F(AnswerWithWeights, OfAnotherCellIsARefusal) {
  PredictRequest other = request();
  other.weights.cell.fold = 3;
  const json answer = answer_to(encode_message(other));
  EXPECT_THAT(answer.at("detail").get<std::string>(), HasSubstr("has weights of cell MSI/LF/naive/0"));
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
  const json answer = answer_to(encode_message(
      PredictRequest{{directory("w"), {"MSI", "LF", "naive", 0}, ""}, "", true, 1, experiment.cohorts[1]}));
  EXPECT_THAT(answer.at("detail").get<std::string>(),
              HasSubstr("patient OUTER-0 of cohort OUTER: 6 features a tile, expected 5"));
}

}  // namespace
}  // namespace mtlgrid

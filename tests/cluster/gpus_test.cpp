#include "cluster/gpus.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/clock.h"
#include "base/errors.h"
#include "tests/cluster/variables.h"

namespace mtlgrid {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// What `nvidia-smi -L` prints for n GPUs GPU-0..., GPU-1..., ...
std::string listing(int n) {
  std::string text;
  for (int i = 0; i < n; ++i) {
    const std::string number = std::to_string(i);
    text += "GPU " + number + ": NVIDIA H100 80GB HBM3 (UUID: GPU-" + number + "a5c)\n";
  }
  return text;
}

constexpr const char* kSplit =
    "GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-0a)\n"
    "  MIG 3g.20gb     Device  0: (UUID: MIG-11)\n"
    "  MIG 2g.10gb     Device  1: (UUID: MIG-22)\n"
    "GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-1b)\n";

std::vector<std::string> uuids(const std::vector<Gpu>& gpus) {
  std::vector<std::string> out;
  for (const Gpu& gpu : gpus) out.push_back(gpu.uuid);
  return out;
}

std::vector<Gpu> node(int n) { return gpus_of({0, listing(n), {}}).gpus; }

std::vector<std::string> trainers(int gpus, LocalRank local, int per_gpu = 1, std::optional<int> workers = {}) {
  return uuids(gpus_of_trainers(node(gpus), local, per_gpu, workers));
}

std::string refusal(int gpus, LocalRank local, int per_gpu, std::optional<int> workers = {}) {
  try {
    trainers(gpus, local, per_gpu, workers);
  } catch (const InputError& e) {
    return e.what();
  }
  return "not refused";
}

// With a program of our own in the place of nvidia-smi, which runs a script.
class AskForGpus : public ::testing::Test {
 protected:
  AskForGpus() { std::filesystem::create_directories(folder_); }
  ~AskForGpus() override { std::filesystem::remove_all(folder_); }
  void install(const std::string& script) const {
    const std::filesystem::path file = folder_ / "nvidia-smi";
    std::ofstream(file) << "#!/bin/sh\n" << script;
    std::filesystem::permissions(file, std::filesystem::perms::owner_all);
  }

 private:
  std::filesystem::path folder_ = std::filesystem::path(::testing::TempDir()) / std::to_string(::getpid());
  testing::Variables path_{{{"PATH", folder_.string() + ":/usr/bin:/bin"}, {"CUDA_VISIBLE_DEVICES", {}}}};
};

TEST_F(AskForGpus, WhatNvidiaSmiPrintsIsTakenAsItIs) {
  install("echo one; echo two >&2; exit 3");
  const GpuFacts facts = ask_for_gpus();
  EXPECT_EQ(facts.status, 3);
  EXPECT_EQ(facts.listing, "one\ntwo\n");
}

// As where the driver hangs: killed, the process keeps what it has open.
TEST_F(AskForGpus, AnAnswerThatNeverEndsIsNotWaitedFor) {
  install("echo one; setsid sleep 20 & exit 0");
  const double began = Clock::real().steady();
  const FoundGpus found = gpus_of(ask_for_gpus(0.3));
  EXPECT_LT(Clock::real().steady() - began, 10);
  EXPECT_THAT(found.gpus, IsEmpty());
  EXPECT_THAT(found.looked, HasSubstr("gave no answer"));
  ::waitpid(-1, nullptr, 0);  // the shell, which nobody else collects
}

TEST(GpusOf, OneAndEightAreListedWithTheirNames) {
  const FoundGpus one = gpus_of({0, listing(1), {}});
  ASSERT_THAT(one.gpus, SizeIs(1));
  EXPECT_EQ(one.gpus[0].uuid, "GPU-0a5c");
  EXPECT_EQ(one.gpus[0].name, "NVIDIA H100 80GB HBM3");
  EXPECT_EQ(one.looked, "nvidia-smi -L lists 1");
  EXPECT_THAT(node(8), SizeIs(8));
}

TEST(GpusOf, WhyThereAreNoneIsSaid) {
  const std::vector<std::pair<GpuFacts, std::string>> cases{
      {{127, "timeout: failed to run command 'nvidia-smi'\n", {}}, "nvidia-smi is not installed"},
      {{124, "", {}}, "no answer in 30 s"},
      {{9, "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\nMake sure\n", {}},
       "ended with status 9: NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver."},
      {{0, "No devices found.\n", {}}, "lists none: 'No devices found.'"}};
  for (const auto& [facts, reason] : cases) {
    EXPECT_THAT(gpus_of(facts).gpus, IsEmpty());
    EXPECT_THAT(gpus_of(facts).looked, HasSubstr(reason));
  }
}

TEST(GpusOf, LinesAboutBrokenGpusAreNotGpus) {
  const std::string broken = "Unable to determine the device handle for GPU 0000:17:00.0: GPU is lost.\n" + listing(2);
  EXPECT_THAT(gpus_of({0, broken, {}}).gpus, SizeIs(2));
}

TEST(GpusOf, PartsThatMigMadeStandForTheirGpu) {
  const auto gpus = gpus_of({0, kSplit, {}}).gpus;
  EXPECT_THAT(uuids(gpus), ElementsAre("MIG-11", "MIG-22", "GPU-1b"));
  EXPECT_EQ(gpus[1].name, "NVIDIA A100-SXM4-40GB MIG 2g.10gb");
}

TEST(GpusOf, TheVariableNamesThemByIndexOrUuid) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> cases{
      {"", {}},
      {"-1", {}},
      {"3", {"GPU-3a5c"}},
      {"2, 0", {"GPU-2a5c", "GPU-0a5c"}},
      {"1,-1,0", {"GPU-1a5c"}},
      {"1,9,0", {"GPU-1a5c"}},
      {"0,0", {"GPU-0a5c"}},
      {"GPU-3a5c,GPU-1", {"GPU-3a5c", "GPU-1a5c"}}};
  for (const auto& [variable, expected] : cases) {
    EXPECT_EQ(uuids(gpus_of({0, listing(4), variable}).gpus), expected) << variable;
  }
  EXPECT_EQ(gpus_of({0, listing(4), "1,9,0"}).looked,
            "nvidia-smi -L lists 4, CUDA_VISIBLE_DEVICES='1,9,0' leaves 1 ('9' is none of them)");
  EXPECT_THAT(uuids(gpus_of({0, kSplit, "0"}).gpus), ElementsAre("MIG-11", "MIG-22"));
  EXPECT_THAT(uuids(gpus_of({0, kSplit, "MIG-22"}).gpus), ElementsAre("MIG-22"));
}

TEST(GpusOfTrainers, RanksOfANodeDivideItsGpus) {
  EXPECT_THAT(trainers(4, {0, 2}), ElementsAre("GPU-0a5c", "GPU-1a5c"));
  EXPECT_THAT(trainers(4, {1, 2}), ElementsAre("GPU-2a5c", "GPU-3a5c"));
  EXPECT_THAT(trainers(8, {5, 8}), ElementsAre("GPU-5a5c"));
  EXPECT_THAT(trainers(4, {0, 1}, 1, 2), ElementsAre("GPU-0a5c", "GPU-1a5c"));
}

TEST(GpusOfTrainers, ARankSpreadsBeforeItsTrainersShare) {
  EXPECT_THAT(trainers(2, {0, 1}, 2), ElementsAre("GPU-0a5c", "GPU-1a5c", "GPU-0a5c", "GPU-1a5c"));
  EXPECT_THAT(trainers(2, {0, 1}, 2, 2), ElementsAre("GPU-0a5c", "GPU-1a5c"));
  EXPECT_THAT(trainers(2, {1, 2}, 2, 1), ElementsAre("GPU-1a5c")) << "two ranks, each with a GPU of its own";
  EXPECT_THAT(trainers(1, {1, 2}, 2), ElementsAre("GPU-0a5c"));
}

TEST(GpusOfTrainers, TwoTrainersOnOneGpuAreRefusedUnlessAskedFor) {
  EXPECT_THAT(refusal(1, {0, 2}, 1),
              AllOf(HasSubstr("2 ranks on this node share 1 GPU with [cluster] trainers_per_gpu = 1"),
                    HasSubstr("start at most 1 ranks a node")));
  EXPECT_THAT(refusal(2, {0, 1}, 1, 3), AllOf(HasSubstr("3 trainers were asked for and rank 0 of 1 on this node has "
                                                        "room for 2"),
                                              HasSubstr("--trainers")));
  EXPECT_THAT(refusal(1, {0, 5}, 4), HasSubstr("5 ranks on this node share 1 GPU"));
}

TEST(Mps, RunsWhereItsControlDaemonIsAlive) {
  std::string name = ::testing::TempDir() + "mtlgrid-mps-XXXXXX";
  const std::filesystem::path folder = mkdtemp(name.data());
  EXPECT_THAT(mps_state(folder, folder), HasSubstr("MPS is not running"));
  std::ofstream(folder / "nvidia-cuda-mps-control.pid") << "4711\n";
  EXPECT_THAT(mps_state(folder, folder), HasSubstr("its process 4711 is gone"));
  std::filesystem::create_directory(folder / "4711");
  EXPECT_THAT(mps_state(folder, folder), HasSubstr("MPS is running (process 4711"));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace mtlgrid

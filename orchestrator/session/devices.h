// What a rank's trainers compute on: `train.device` meets the machine.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cluster/gpus.h"
#include "trainer/contract/experiment.h"

namespace mtlgrid {

// What is asked of the machine; tests answer instead.
struct DeviceQuestions {
  std::function<GpuFacts()> gpus = [] { return ask_for_gpus(); };
  std::function<std::string()> trainer_lacks;  // why the trainer cannot compute on a GPU; empty: it can
  LocalRank local = local_rank();
  std::filesystem::path mps = mps_pipes();
};
// With the trainer's own answer.
DeviceQuestions questions_to_machine();

struct RankDevices {
  std::vector<Gpu> gpus;  // of each trainer; empty: the CPU
  std::string text;       // for people: what was chosen and why, one line
};

// Settles `run.device` for this rank. `cpu` asks nothing. `auto` is the GPUs of the node where there are any and the
// trainer can use them, else the CPU. Throws InputError where `cuda` was asked for and cannot be had, saying what was
// looked for, where it is the CPU although `run.staging` is nccl, and where too many trainers would share a GPU
// (gpus_of_trainers).
RankDevices choose_devices(const RunSettings& run, std::optional<int> wanted, const DeviceQuestions& questions);

}  // namespace mtlgrid

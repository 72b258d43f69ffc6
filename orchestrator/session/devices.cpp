#include "orchestrator/session/devices.h"

#include <fmt/format.h>

#include <map>

#include "base/errors.h"
#include "base/text.h"
#include "orchestrator/session/ask_trainer.h"

namespace mtlgrid {
namespace {

RankDevices on_cpu(const RunSettings& run, const std::string& why) {
  if (run.staging == "nccl" && run.device != "cuda") {
    throw InputError(fmt::format(
        "train.staging = nccl, which is between GPUs, and trainers compute on the CPU: {}; set train.staging = auto",
        why));
  }
  if (run.device == "cuda") {
    throw InputError(
        fmt::format("train.device = cuda, and no GPU can be used: {}; fix that, or set train.device = cpu", why));
  }
  return {{}, fmt::format("CPU ({})", why)};
}

std::string text_of(const std::vector<Gpu>& trainers) {
  std::map<std::string, int> sharing;
  for (const Gpu& gpu : trainers) ++sharing[gpu.uuid];
  std::string text = fmt::format("CUDA, {} on", counted(std::ssize(trainers), "trainer"));
  const char* separator = " ";
  for (const auto& [uuid, count] : sharing) {
    text += fmt::format("{}{}{}", separator, uuid, count > 1 ? fmt::format(" (x {})", count) : "");
    separator = ", ";
  }
  return text + fmt::format(" ({})", trainers.front().name);
}

}  // namespace

DeviceQuestions questions_to_machine() {
  DeviceQuestions questions;
  questions.trainer_lacks = [] { return ask_trainer(DevicesRequest{}, 1).cuda_lacks; };
  return questions;
}

RankDevices choose_devices(const RunSettings& run, std::optional<int> wanted, const DeviceQuestions& questions) {
  if (run.device == "cpu") return on_cpu(run, "as configured");
  const FoundGpus found = gpus_of(questions.gpus());
  if (found.gpus.empty()) return on_cpu(run, found.looked);
  if (const std::string lacks = questions.trainer_lacks(); !lacks.empty()) {
    return on_cpu(run, fmt::format("{}, but {}", found.looked, lacks));
  }
  const auto trainers = gpus_of_trainers(found.gpus, questions.local, run.trainers_per_gpu, wanted);
  RankDevices chosen{trainers, text_of(trainers)};
  if (run.trainers_per_gpu > 1) {
    chosen.text += fmt::format("; up to {} trainers on one GPU: {}", run.trainers_per_gpu, mps_state(questions.mps));
  }
  return chosen;
}

}  // namespace mtlgrid

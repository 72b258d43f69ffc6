#include "orchestrator/session/rank_trainers.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace mtlgrid {

RankTrainers rank_trainers(const RunSettings& run, std::optional<int> wanted, const std::vector<Gpu>& gpus,
                           const RankCpus& cpus) {
  RankTrainers trainers;
  const int threads = std::max(1, run.threads);
  const int room = std::max(1, cpus.count / threads);
  trainers.count = gpus.empty() ? wanted.value_or(room) : static_cast<int>(gpus.size());
  trainers.bind = cpus.bind;
  const bool too_many = trainers.count * threads > cpus.count;
  if (too_many) trainers.bind.clear();
  const char* why = !gpus.empty() ? ", one for each GPU" : wanted ? ", as asked for" : "";
  trainers.text =
      fmt::format("{} of {}{}; {}", counted(trainers.count, "trainer"), counted(threads, "thread"), why, cpus.reason);
  if (too_many) trainers.text += ": more threads than CPUs, so they share";
  return trainers;
}

}  // namespace mtlgrid

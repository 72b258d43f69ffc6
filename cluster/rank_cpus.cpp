#include "cluster/rank_cpus.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "base/text.h"
#include "cluster/cgroup_quota.h"
#include "cluster/slurm_list.h"

namespace mtlgrid {
namespace {

std::optional<std::string> of_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

// A number of CPUs of this node, and who says so.
struct Limit {
  int cpus;
  std::string source;
};

class Limits {
 public:
  explicit Limits(const CpuQuestions& questions) : questions_(questions) {
    if (!questions_.variable) questions_.variable = of_environment;
  }

  // The smallest; nullopt if none is below the affinity.
  std::optional<Limit> smallest() {
    for (const auto& limit : {per_task(), of_job(), quota()}) {
      if (limit && limit->cpus < static_cast<int>(questions_.affinity.size()) &&
          (!smallest_ || limit->cpus < smallest_->cpus)) {
        smallest_ = limit;
      }
    }
    return smallest_;
  }

 private:
  std::optional<int> positive(const std::optional<int>& value) const {
    return value && *value > 0 ? value : std::nullopt;
  }

  std::optional<int> number(const char* name) const {
    const auto text = questions_.variable(name);
    return text ? positive(whole_number(*text)) : std::nullopt;
  }

  // This node's entry of a list. Under mpirun SLURM_NODEID counts the nodes of its daemons, not those of the job.
  std::optional<int> entry(const char* name) const {
    const auto list = questions_.variable(name);
    if (!list) return std::nullopt;
    const auto node = questions_.variable("SLURM_NODEID");
    const bool under_mpirun = questions_.variable("OMPI_COMM_WORLD_LOCAL_RANK").has_value();
    const auto place = node && !under_mpirun ? whole_number(*node) : std::nullopt;
    return positive(place ? slurm_entry(*list, *place) : largest_slurm_entry(*list));
  }

  std::optional<Limit> per_task() const {
    const auto cpus = number("SLURM_CPUS_PER_TASK");
    if (!cpus) return std::nullopt;
    const int tasks = std::max(questions_.local.size, entry("SLURM_TASKS_PER_NODE").value_or(1));
    const long long all = static_cast<long long>(*cpus) * tasks;
    return Limit{static_cast<int>(std::min<long long>(all, 1 << 20)),
                 fmt::format("SLURM_CPUS_PER_TASK = {} for {}", *cpus, counted(tasks, "task"))};
  }

  std::optional<Limit> of_job() const {
    for (const char* name : {"SLURM_JOB_CPUS_PER_NODE", "SLURM_CPUS_ON_NODE"}) {
      if (const auto cpus = entry(name)) return Limit{*cpus, fmt::format("{} = {}", name, *cpus)};
    }
    return std::nullopt;
  }

  std::optional<Limit> quota() const {
    const auto cpus = cgroup_quota(questions_.root);
    if (!cpus) return std::nullopt;
    return Limit{static_cast<int>(std::clamp(*cpus, 1.0, double{1 << 20})),
                 fmt::format("the control group's quota of {:.4g} CPUs", *cpus)};
  }

  CpuQuestions questions_;
  std::optional<Limit> smallest_;
};

}  // namespace

RankCpus rank_cpus(const CpuQuestions& questions) {
  const std::vector<int> share = share_of(questions.affinity, questions.local);
  const auto limit = Limits(questions).smallest();
  const int here = static_cast<int>(questions.affinity.size());
  const std::string ranks = questions.local.size > 1 ? fmt::format(" for {} ranks", questions.local.size) : "";
  if (!limit) {
    return {std::max(1, static_cast<int>(share.size())), share,
            fmt::format("{} of this node{}", counted(here, "CPU"), ranks)};
  }
  const LocalRank& local = questions.local;
  const int count = limit->cpus * (local.rank + 1) / local.size - limit->cpus * local.rank / local.size;
  return {
      std::max(1, count), {}, fmt::format("{} of this node's {} CPUs{}: {}", limit->cpus, here, ranks, limit->source)};
}

}  // namespace mtlgrid

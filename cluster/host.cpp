#include "cluster/host.h"

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <system_error>

#ifdef MTLGRID_HAVE_NCCL
#include <nccl.h>
#endif

#include "base/errors.h"
#include "base/library.h"
#include "cluster/slurm_list.h"

namespace mtlgrid {
namespace {

std::optional<int> number_of_variable(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? std::nullopt : whole_number(text);
}

std::optional<LocalRank> slurm_rank() {
  const char* list = std::getenv("SLURM_STEP_TASKS_PER_NODE");
  const auto local = number_of_variable("SLURM_LOCALID"), node = number_of_variable("SLURM_NODEID");
  if (list == nullptr || !local || !node) return std::nullopt;
  const auto size = slurm_entry(list, *node);
  if (!size || *local < 0 || *local >= *size) return std::nullopt;
  return LocalRank{*local, *size};
}

}  // namespace

std::string host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) {
    throw Error(ErrorKind::fatal, "gethostname: " + std::system_category().message(errno));
  }
  return name.data();
}

std::vector<int> allowed_cpus() {
  // The kernel refuses a set smaller than its own: double until it fits.
  for (std::size_t count = 1024;; count *= 2) {
    const std::size_t bytes = CPU_ALLOC_SIZE(count);
    const auto release = [](cpu_set_t* set) { CPU_FREE(set); };
    const std::unique_ptr<cpu_set_t, decltype(release)> set(CPU_ALLOC(count), release);
    if (sched_getaffinity(0, bytes, set.get()) != 0) {
      if (errno == EINVAL && count < (std::size_t{1} << 20)) continue;
      throw Error(ErrorKind::fatal, "sched_getaffinity: " + std::system_category().message(errno));
    }
    std::vector<int> cpus;
    for (std::size_t cpu = 0; cpu < count; ++cpu) {
      if (CPU_ISSET_S(cpu, bytes, set.get())) cpus.push_back(static_cast<int>(cpu));
    }
    return cpus;
  }
}

LocalRank local_rank() {
  const auto rank = number_of_variable("OMPI_COMM_WORLD_LOCAL_RANK"),
             size = number_of_variable("OMPI_COMM_WORLD_LOCAL_SIZE");
  if (rank && size && *rank >= 0 && *rank < *size) return {*rank, *size};
  return slurm_rank().value_or(LocalRank{});
}

std::vector<int> share_of(const std::vector<int>& all, const LocalRank& local) {
  const auto n = all.size(), rank = static_cast<std::size_t>(local.rank), size = static_cast<std::size_t>(local.size);
  if (local.size < 1 || local.rank < 0 || local.rank >= local.size) {
    throw Error(ErrorKind::fatal, fmt::format("local rank {} of {}", local.rank, local.size));
  }
  if (n == 0) return {};
  if (n < size) return {all[rank % n]};
  const auto at = [&](std::size_t r) { return all.begin() + static_cast<std::ptrdiff_t>(r * n / size); };
  return {at(rank), at(rank + 1)};
}

std::optional<std::string> nccl_version() {
#ifdef MTLGRID_HAVE_NCCL
  const Library library({"libnccl.so.2", MTLGRID_NCCL_LIBRARY});
  if (!library.error().empty()) return std::nullopt;
  decltype(&ncclGetVersion) get = nullptr;
  library.find(get, "ncclGetVersion");
  int code = 0;  // as NCCL_VERSION has it since 2.9
  if (get(&code) != ncclSuccess) return std::nullopt;
  return fmt::format("{}.{}.{}", code / 10000, code / 100 % 100, code % 100);
#else
  return std::nullopt;
#endif
}

}  // namespace mtlgrid

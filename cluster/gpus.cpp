#include "cluster/gpus.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <regex>
#include <sstream>
#include <system_error>

#include "base/clock.h"
#include "base/errors.h"
#include "base/limits.h"
#include "base/text.h"

namespace mtlgrid {
namespace {

constexpr int kNotFound = 127, kNoAnswer = 124;  // of a shell; of timeout(1)

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

// "GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-...)", and below it, where it is split,
// "  MIG 1g.10gb     Device  0: (UUID: MIG-...)".
std::vector<Gpu> listed(const std::string& listing) {
  static const std::regex whole(R"(GPU (\d+): (.*) \(UUID: ([^)]+)\)\s*)");
  static const std::regex part(R"(\s+(MIG \S+)\s+Device\s+\d+: \(UUID: ([^)]+)\)\s*)");
  std::vector<Gpu> gpus;
  Gpu split;
  std::istringstream lines(listing);
  std::smatch found;
  for (std::string line; std::getline(lines, line);) {
    if (std::regex_match(line, found, whole)) {
      split = {found[3], found[2], std::stoi(found[1])};
      gpus.push_back(split);
    } else if (std::regex_match(line, found, part) && !split.uuid.empty()) {
      if (gpus.back().uuid == split.uuid) gpus.pop_back();  // replaced by its first part
      gpus.push_back({found[2], fmt::format("{} {}", split.name, found[1].str()), split.index});
    }
  }
  return gpus;
}

std::string listing_state(const GpuFacts& facts, std::size_t found) {
  if (facts.status == kNotFound) return "nvidia-smi is not installed";
  if (facts.status == kNoAnswer) return "nvidia-smi -L gave no answer in 30 s";
  if (facts.status != 0) {
    return fmt::format("nvidia-smi -L ended with status {}: {}", facts.status, first_line(facts.listing));
  }
  if (found == 0) return fmt::format("nvidia-smi -L lists none: '{}'", first_line(facts.listing));
  return fmt::format("nvidia-smi -L lists {}", found);
}

// The GPUs that an entry of CUDA_VISIBLE_DEVICES names: all parts of a GPU for its index.
std::vector<Gpu> named(const std::string& entry, const std::vector<Gpu>& all) {
  std::vector<Gpu> gpus;
  int index = -1;
  const auto [end, error] = std::from_chars(entry.data(), entry.data() + entry.size(), index);
  const bool is_index = error == std::errc{} && end == entry.data() + entry.size();
  for (const Gpu& gpu : all) {
    if (is_index ? gpu.index == index : gpu.uuid.starts_with(entry)) gpus.push_back(gpu);
  }
  return gpus;
}

FoundGpus visible_of(const std::vector<Gpu>& all, const std::string& variable, const std::string& listing) {
  FoundGpus found;
  std::string stopped;
  std::istringstream entries(variable);
  for (std::string entry; std::getline(entries, entry, ',');) {
    std::erase_if(entry, [](unsigned char c) { return std::isspace(c) != 0; });
    const std::vector<Gpu> gpus = entry.empty() ? std::vector<Gpu>() : named(entry, all);
    if (gpus.empty()) {
      if (!entry.empty() && entry != "-1") stopped = fmt::format(" ('{}' is none of them)", entry);
      break;
    }
    for (const Gpu& gpu : gpus) {
      const bool twice =
          std::any_of(found.gpus.begin(), found.gpus.end(), [&](const Gpu& g) { return g.uuid == gpu.uuid; });
      if (!twice) found.gpus.push_back(gpu);
    }
  }
  found.looked =
      fmt::format("{}, CUDA_VISIBLE_DEVICES='{}' leaves {}{}", listing, variable, found.gpus.size(), stopped);
  return found;
}

// Appends what can be read to `text`; false if the end has not come in `limit` seconds.
bool read_to_end(int file, std::string& text, double limit) {
  const double end = Clock::real().steady() + limit;
  std::array<char, 4096> bytes;
  for (;;) {
    pollfd ready = {file, POLLIN, 0};
    const double left = end - Clock::real().steady();
    if (left <= 0) return false;
    if (::poll(&ready, 1, static_cast<int>(left * 1000) + 1) <= 0) continue;  // the time is up, or a signal came
    const ssize_t n = ::read(file, bytes.data(), bytes.size());
    if (n > 0) text.append(bytes.data(), static_cast<std::size_t>(n));
    if (n == 0 || (n < 0 && errno != EINTR)) return true;
  }
}

}  // namespace

GpuFacts ask_for_gpus(double limit) {
  GpuFacts facts;
  if (const char* visible = std::getenv("CUDA_VISIBLE_DEVICES")) facts.visible = visible;
  FILE* pipe = ::popen("timeout -k 5 30 nvidia-smi -L 2>&1", "re");
  if (pipe == nullptr) {
    const int number = errno;
    const std::string what = "starting nvidia-smi: " + std::system_category().message(number);
    if (const auto reached = limit_of(number)) throw LimitError(what, *reached);
    throw Error(ErrorKind::fatal, what);
  }
  if (!read_to_end(::fileno(pipe), facts.listing, limit)) {  // pclose() would wait for it
    facts.status = kNoAnswer;
    return facts;
  }
  const int status = ::pclose(pipe);
  facts.status = WIFEXITED(status) ? WEXITSTATUS(status) : kNoAnswer;
  return facts;
}

FoundGpus gpus_of(const GpuFacts& facts) {
  const std::vector<Gpu> all = facts.status == 0 ? listed(facts.listing) : std::vector<Gpu>();
  const std::string listing = listing_state(facts, all.size());
  if (facts.visible) return visible_of(all, *facts.visible, listing);
  return {all, listing};
}

std::vector<Gpu> gpus_of_trainers(const std::vector<Gpu>& gpus, const LocalRank& local, int per_gpu,
                                  std::optional<int> wanted) {
  // Places for trainers, those of one GPU adjacent, so that ranks do not share GPUs if there are enough.
  std::vector<int> places;
  for (std::size_t i = 0; i < gpus.size(); ++i) {
    places.insert(places.end(), static_cast<std::size_t>(per_gpu), static_cast<int>(i));
  }
  const auto capacity = static_cast<int>(places.size());
  const std::string room =
      fmt::format("{} with [cluster] trainers_per_gpu = {}", counted(std::ssize(gpus), "GPU"), per_gpu);
  if (local.size > capacity) {
    throw InputError(
        fmt::format("{} ranks on this node share {}: start at most {} ranks a node, raise trainers_per_gpu, "
                    "or set train.device = cpu",
                    local.size, room, capacity));
  }
  const std::vector<int> mine = share_of(places, local);
  if (wanted && *wanted > static_cast<int>(mine.size())) {
    throw InputError(
        fmt::format("{} trainers were asked for and rank {} of {} on this node has room for {} ({}): ask for "
                    "fewer (--trainers), raise trainers_per_gpu, or set train.device = cpu",
                    *wanted, local.rank, local.size, mine.size(), room));
  }
  // The first trainer of each GPU, then the second of each, ...
  std::vector<std::pair<int, int>> turns;
  for (const int gpu : mine) {
    const auto before = std::count_if(turns.begin(), turns.end(), [&](const auto& t) { return t.second == gpu; });
    turns.emplace_back(static_cast<int>(before), gpu);
  }
  std::sort(turns.begin(), turns.end());
  turns.resize(static_cast<std::size_t>(wanted.value_or(static_cast<int>(turns.size()))));
  std::vector<Gpu> out;
  for (const auto& [turn, gpu] : turns) out.push_back(gpus[static_cast<std::size_t>(gpu)]);
  return out;
}

std::filesystem::path mps_pipes() {
  const char* folder = std::getenv("CUDA_MPS_PIPE_DIRECTORY");
  return folder != nullptr && *folder != '\0' ? folder : "/tmp/nvidia-mps";
}

std::string mps_state(const std::filesystem::path& pipes, const std::filesystem::path& processes) {
  // The control daemon keeps its id in a file beside its pipes.
  std::ifstream file(pipes / "nvidia-cuda-mps-control.pid");
  long id = 0;
  std::error_code error;
  if (!(file >> id)) return fmt::format("MPS is not running (no files of it in {}): they take turns", pipes.string());
  if (std::filesystem::exists(processes / std::to_string(id), error)) {
    return fmt::format("MPS is running (process {}, pipes in {})", id, pipes.string());
  }
  return fmt::format("MPS has pipes in {}, but its process {} is gone or not visible from here", pipes.string(), id);
}

}  // namespace mtlgrid

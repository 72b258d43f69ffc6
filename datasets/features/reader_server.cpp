#include "datasets/features/reader_server.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <fstream>
#include <new>
#include <string>

#include "base/clock.h"
#include "base/errors.h"
#include "base/exit_status.h"
#include "base/system_error.h"
#include "datasets/features/feature_disk.h"
#include "datasets/features/feature_reader.h"
#include "datasets/features/file_fault.h"
#include "datasets/features/reader_answer.h"
#include "datasets/features/reader_frames.h"

namespace mtlgrid {
namespace {

// Headers take microseconds of processor time, and decompressing 100 MB takes less than a second (measured). Waiting
// for a slow disk takes none.
constexpr double kSeconds = 1, kBytesPerSecond = 20e6;
constexpr double kWorkingEvery = 1;  // s between two words of it
constexpr std::uint64_t kSpareMemory = 2ull << 30;

// Bytes of address space in use; 0 if the system does not say.
std::uint64_t address_space() {
  std::ifstream in("/proc/self/statm");
  std::uint64_t pages = 0;
  in >> pages;
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

// Each part of the work on a file gets a limit of processor time and of memory of its own.
class WatchedDisk : public FeatureDisk {
 public:
  explicit WatchedDisk(int out) : out_(out), at_start_(address_space()) { ::getrlimit(RLIMIT_AS, &memory_); }

  void begin_file() {
    largest_ = 0;
    limit_memory();
    said_ = Clock::real().steady();
  }

  void reading(std::uint64_t bytes) override {
    const double seconds = kSeconds + static_cast<double>(bytes) / kBytesPerSecond;
    const itimerval limit{{}, {static_cast<time_t>(seconds), 0}};
    ::setitimer(ITIMER_PROF, &limit, nullptr);
    if (bytes > largest_) {
      largest_ = bytes;
      limit_memory();
    }
    const double now = Clock::real().steady();
    if (now - said_ < kWorkingEvery) return;
    said_ = now;
    write_frame(out_, to_frame({"working"}));
  }

  static void rest() {
    const itimerval none{};
    ::setitimer(ITIMER_PROF, &none, nullptr);
  }

 private:
  // The library holds a part compressed, decompressed and converted.
  void limit_memory() const {
    if (at_start_ == 0) return;
    rlimit limit = memory_;
    limit.rlim_cur = std::min<rlim_t>(memory_.rlim_cur, at_start_ + kSpareMemory + 4 * largest_);
    ::setrlimit(RLIMIT_AS, &limit);
  }

  int out_;
  std::uint64_t at_start_, largest_ = 0;
  rlimit memory_{};
  double said_ = 0;
};

FrameFields answer(const FrameFields& request, WatchedDisk& disk) {
  const std::string& path = request.at(0);
  try {
    disk.begin_file();
    DirectReader reader(disk);
    if (request.at(1) == "describe") return to_answer(reader.describe(path));
    return to_answer(reader.read(path, request.at(1) == "values", request.at(2) == "1"));
  } catch (const FileFault& e) {
    return {"fault", e.cause(), e.expected(), e.detail()};
  } catch (const SystemError& e) {
    return {"system", e.cause(), e.advice(), std::to_string(e.number())};
  } catch (const std::bad_alloc&) {
    return {"fault", "does not fit into memory", "expected fewer tiles, or a larger machine", ""};
  }
}

void prepare_process() {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::prctl(PR_SET_NAME, "mtlgrid-reader");  // in ps
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  std::ofstream("/proc/self/oom_score_adj") << 1000;
  std::signal(SIGPROF, SIG_DFL);
  std::signal(SIGPIPE, SIG_IGN);
}

}  // namespace

int serve_features(int in, int out) {
  prepare_process();
  WatchedDisk disk(out);
  if (!write_frame(out, to_frame({"ready"}))) return kFatal;
  std::string bytes(std::size_t{1} << 16, '\0'), waiting;
  for (;;) {
    const ssize_t count = ::read(in, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return 0;
    waiting.append(bytes, 0, static_cast<std::size_t>(count));
    while (const auto request = take_frame(waiting)) {
      const std::string frame = to_frame(answer(*request, disk));
      WatchedDisk::rest();
      if (!write_frame(out, frame)) return kFatal;
    }
  }
}

}  // namespace mtlgrid

#include "cluster/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>
#include <optional>
#include <source_location>
#include <system_error>
#include <utility>

#include "base/errors.h"
#include "base/limits.h"
#include "base/log_file.h"

namespace mtlgrid {
namespace {

void check_system(int error, const std::string& call,
                  const std::source_location& at = std::source_location::current()) {
  if (error == 0) return;
  const std::string what = fmt::format("{}: {}", call, std::system_category().message(error));
  if (const auto limit = limit_of(error)) throw LimitError(what, *limit);
  const std::string file = std::filesystem::path(at.file_name()).filename();  // not where it was built
  throw Error(ErrorKind::fatal, fmt::format("{}:{}: {}", file, at.line(), what));
}
int error_of(int result) { return result < 0 ? errno : 0; }

// A descriptor above 2, so that no file action of a child overwrites one that a later action needs.
FileDescriptor above_standard(FileDescriptor fd) {
  if (fd.get() > 2) return fd;
  FileDescriptor moved(fcntl(fd.get(), F_DUPFD_CLOEXEC, 3));
  check_system(error_of(moved.get()), "fcntl(F_DUPFD_CLOEXEC)");
  return moved;
}

struct Pipe {
  FileDescriptor read, write;
};

Pipe make_pipe() {
  std::array<int, 2> fds{};
  check_system(error_of(pipe2(fds.data(), O_CLOEXEC)), "pipe2");
  FileDescriptor read(fds[0]), write(fds[1]);
  return {above_standard(std::move(read)), above_standard(std::move(write))};
}

void set_non_blocking(const FileDescriptor& fd) {
  check_system(error_of(fcntl(fd.get(), F_SETFL, O_NONBLOCK)), "fcntl(O_NONBLOCK)");
}

// Binds the calling thread while it lives: a child takes the mask of the thread that starts it, so each of its threads
// is bound from its birth, which setting the mask of a running child cannot promise.
class BoundThread {
 public:
  explicit BoundThread(const std::vector<int>& cpus) {
    if (cpus.empty()) return;
    const auto highest = static_cast<std::size_t>(*std::max_element(cpus.begin(), cpus.end()));
    count_ = std::max<std::size_t>(4096, highest + 1);  // the kernel refuses to report into less than it knows
    before_ = make_set();
    check_system(error_of(sched_getaffinity(0, bytes(), before_.get())), "sched_getaffinity");
    const Set wanted = make_set();
    for (int cpu : cpus) CPU_SET_S(static_cast<std::size_t>(cpu), bytes(), wanted.get());
    check_system(error_of(sched_setaffinity(0, bytes(), wanted.get())), "sched_setaffinity");
  }
  ~BoundThread() {
    if (before_) sched_setaffinity(0, bytes(), before_.get());
  }
  BoundThread(const BoundThread&) = delete;
  BoundThread& operator=(const BoundThread&) = delete;

 private:
  struct Free {
    void operator()(cpu_set_t* set) const { CPU_FREE(set); }
  };
  using Set = std::unique_ptr<cpu_set_t, Free>;
  std::size_t bytes() const { return CPU_ALLOC_SIZE(count_); }
  Set make_set() const {
    Set set(CPU_ALLOC(count_));
    CPU_ZERO_S(bytes(), set.get());
    return set;
  }

  std::size_t count_ = 0;
  Set before_;
};

class SpawnActions {
 public:
  SpawnActions() { check_system(posix_spawn_file_actions_init(&actions_), "posix_spawn_file_actions_init"); }
  ~SpawnActions() { posix_spawn_file_actions_destroy(&actions_); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;

  void use(const FileDescriptor& fd, int as) {
    check_system(posix_spawn_file_actions_adddup2(&actions_, fd.get(), as), "posix_spawn_file_actions_adddup2");
  }
  // Libraries leave descriptors open that are not close-on-exec (MPI's sockets): the child gets none of them.
  void close_others() {
#if __GLIBC_PREREQ(2, 34)
    check_system(posix_spawn_file_actions_addclosefrom_np(&actions_, 3), "posix_spawn_file_actions_addclosefrom_np");
#else
    std::error_code error;
    for (std::filesystem::directory_iterator it("/proc/self/fd", error), end; !error && it != end;
         it.increment(error)) {
      const int fd = std::atoi(it->path().filename().c_str());
      if (fd > 2) fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
#endif
  }
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

class SpawnAttributes {
 public:
  SpawnAttributes() {
    check_system(posix_spawnattr_init(&attributes_), "posix_spawnattr_init");
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    sigdelset(&all, SIGKILL);
    sigdelset(&all, SIGSTOP);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  ~SpawnAttributes() { posix_spawnattr_destroy(&attributes_); }
  SpawnAttributes(const SpawnAttributes&) = delete;
  SpawnAttributes& operator=(const SpawnAttributes&) = delete;
  const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_{};
};

// The null-terminated array of C strings that exec wants; `strings` must outlive it.
std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (auto& text : strings) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

std::string signal_name(int signal) {
#if __GLIBC_PREREQ(2, 32)
  const char* name = sigabbrev_np(signal);
  return name == nullptr ? "unknown" : std::string("SIG") + name;
#else
  return strsignal(signal);
#endif
}

}  // namespace

ChildProcess spawn(const ProcessOptions& options) {
  Pipe to_child = make_pipe(), from_child = make_pipe();
  set_non_blocking(to_child.write);
  set_non_blocking(from_child.read);
  // A result of a few hundred kB then passes in one turn of the event loop. Refused (a limit per user): only slower.
  fcntl(from_child.read.get(), F_SETPIPE_SZ, 1 << 20);
  // A log that cannot be made (its disk is full, say) ends nothing: the child tells our stderr then.
  FileDescriptor log = options.log.empty() ? FileDescriptor() : open_log_file(options.log);
  if (!log) log = FileDescriptor(fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3));
  check_system(error_of(log.get()), "fcntl(F_DUPFD_CLOEXEC) of stderr");
  log = above_standard(std::move(log));

  SpawnActions actions;
  actions.use(to_child.read, 0);
  actions.use(from_child.write, 1);
  actions.use(log, 2);
  actions.close_others();
  const SpawnAttributes attributes;
  std::vector<std::string> arguments{options.executable.string()}, environment = options.environment;
  arguments.insert(arguments.end(), options.arguments.begin(), options.arguments.end());

  ChildProcess child{0, std::move(to_child.write), std::move(from_child.read)};
  const BoundThread bound(options.cpus);
  check_system(posix_spawn(&child.pid, options.executable.c_str(), actions.get(), attributes.get(),
                           pointers(arguments).data(), pointers(environment).data()),
               "posix_spawn " + options.executable.string());
  return child;
}

std::vector<std::string> trainer_environment(char* const* environment, int threads, const Gpu& gpu) {
  // A trainer that finds its rank's launcher variables would join the job as a rank when a library initialises MPI or
  // reads its place in the job from Slurm.
  constexpr std::array<std::string_view, 6> kDropped{"OMPI_", "PMIX_", "PMI_", "SLURM_", "OPAL_", "ORTE_"};
  const std::vector<std::pair<std::string, std::string>> ours{{"OMP_NUM_THREADS", std::to_string(threads)},
                                                              {"MKL_NUM_THREADS", std::to_string(threads)},
                                                              {"CUDA_VISIBLE_DEVICES", gpu.uuid},
                                                              {"MTLGRID_GPU", gpu.name},
                                                              {"MTLGRID_PARENT", std::to_string(getpid())}};
  std::vector<std::string> result;
  for (; environment != nullptr && *environment != nullptr; ++environment) {
    const std::string_view entry = *environment;
    const auto name = entry.substr(0, entry.find('='));
    const bool dropped = std::any_of(kDropped.begin(), kDropped.end(), [&](auto p) { return name.starts_with(p); });
    const bool replaced = std::any_of(ours.begin(), ours.end(), [&](const auto& own) { return own.first == name; });
    if (!dropped && !replaced) result.emplace_back(entry);
  }
  for (const auto& [name, value] : ours) result.push_back(name + "=" + value);
  return result;
}

std::vector<int> cpus_of_slot(const std::vector<int>& cpus, int slot, int threads) {
  std::vector<int> own;
  for (int i = 0; i < threads && !cpus.empty(); ++i) {
    const auto index = static_cast<std::size_t>(slot) * static_cast<std::size_t>(threads) + static_cast<std::size_t>(i);
    own.push_back(cpus[index % cpus.size()]);
  }
  std::sort(own.begin(), own.end());
  own.erase(std::unique(own.begin(), own.end()), own.end());
  return own;
}

std::string describe_wait_status(int status) {
  if (WIFSIGNALED(status)) {
    return fmt::format("killed by signal {} ({})", WTERMSIG(status), signal_name(WTERMSIG(status)));
  }
  return fmt::format("exited with status {}", WEXITSTATUS(status));
}

}  // namespace mtlgrid

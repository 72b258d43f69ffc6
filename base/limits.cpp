#include "base/limits.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <future>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

namespace mtlgrid {
namespace {

constexpr rlim_t kMiB = 1 << 20, kKiB = 1 << 10;
constexpr rlim_t kSmallStack = kMiB;  // the kernel's default is 8 MiB; libraries' frames need hundreds of KiB
constexpr int kLoaderFailed = 127;    // of the dynamic loader, which could not map a library
constexpr rlim_t kSecondsToStop = 5;  // processor time between SIGXCPU and SIGKILL
constexpr double kCounted = 0.5;      // seconds by which the kernel's count and the child's own may differ

std::optional<rlim_t> g_seconds;  // of processor time, as the user limited them

// The soft limit; nullopt if there is none.
std::optional<rlim_t> soft(int resource) {
  struct rlimit limit {};
  if (::getrlimit(static_cast<__rlimit_resource_t>(resource), &limit) != 0) return std::nullopt;
  return limit.rlim_cur == RLIM_INFINITY ? std::nullopt : std::optional(limit.rlim_cur);
}

constexpr const char* kRaise = "raise that limit, then run again";

std::string advice_on_memory() {
  if (const auto bytes = soft(RLIMIT_AS)) {
    return fmt::format("a process may have {} MiB of address space here (ulimit -v): {}", *bytes / kMiB, kRaise);
  }
  if (const auto bytes = soft(RLIMIT_DATA)) {
    return fmt::format("a process may have {} MiB of data here (ulimit -d): {}", *bytes / kMiB, kRaise);
  }
  return "this machine, or this job's share of it, has no memory left: use fewer trainers, or ask for more memory";
}

bool says(std::string_view text, std::initializer_list<std::string_view> any) {
  return std::any_of(any.begin(), any.end(), [&](auto words) { return text.find(words) != std::string_view::npos; });
}

// What libc, the loader, libgomp and LibTorch write where memory or threads are refused.
std::optional<Limit> limit_in_words(std::string_view text) {
  if (says(text, {"CUDA"})) return std::nullopt;  // a GPU's memory is another matter
  if (says(text, {"llocate memory", "bad_alloc", "failed to map segment", "ut of memory", "cannot allocate"})) {
    return Limit::memory;
  }
  if (says(text, {"Thread creation failed", "Resource temporarily unavailable"})) return Limit::processes;
  if (says(text, {"Too many open files"})) return Limit::open_files;
  return std::nullopt;
}

// What end_where_memory_is_scarce() was told, for its handler: bytes that the process may have, 0 without a limit;
// bytes of a page; the message; the exit status.
rlim_t g_space = 0, g_data = 0, g_page = 0;
std::string g_scarce;
int g_scarce_status = 0;

// A library asks for hundreds of MiB at once.
bool scarce(rlim_t most, std::uint64_t used) {
  constexpr rlim_t kEnough = 128 * kMiB;
  return most != 0 && used + std::max(kEnough, most / 4) > most;
}

// Only what a signal handler may do. Columns of /proc/self/statm are pages: 1 of address space, 6 of data and stack.
void end_if_scarce(int signal) {
  std::array<char, 256> text{};
  const int file = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  const ssize_t size = file < 0 ? 0 : ::read(file, text.data(), text.size());
  std::array<std::uint64_t, 7> pages{};
  std::size_t column = 0;
  for (ssize_t i = 0; i < size && column < pages.size(); ++i) {
    const char c = text[static_cast<std::size_t>(i)];
    if (c == ' ') ++column;
    if (c >= '0' && c <= '9') pages[column] = 10 * pages[column] + static_cast<std::uint64_t>(c - '0');
  }
  if (scarce(g_space, pages[0] * g_page) || scarce(g_data, pages[5] * g_page)) {
    (void)!::write(STDERR_FILENO, g_scarce.data(), g_scarce.size());
    ::_exit(g_scarce_status);
  }
  ::raise(signal);  // SA_RESETHAND: its default
}

}  // namespace

std::string advice_on(Limit limit) {
  switch (limit) {
    case Limit::memory:
      return advice_on_memory();
    case Limit::processes:
      if (const auto count = soft(RLIMIT_NPROC)) {
        return fmt::format(
            "a user may have {} processes and threads here (ulimit -u), and a job perhaps fewer "
            "(pids.max of its cgroup): use fewer trainers, or {}",
            *count, kRaise);
      }
      return "no more processes or threads may be started here (pids.max of the job's cgroup, or the kernel's limits): "
             "use fewer trainers, or raise that limit";
    case Limit::open_files:
      return fmt::format("a process may open {} files here (ulimit -n), or the machine has no more (fs.file-max): {}",
                         soft(RLIMIT_NOFILE).value_or(0), kRaise);
    case Limit::processor_time:
      if (const auto seconds = g_seconds ? g_seconds : soft(RLIMIT_CPU)) {
        return fmt::format("a process may have {} s of processor time here (ulimit -t): {}", *seconds, kRaise);
      }
      return fmt::format("processor time is limited here (ulimit -t): {}", kRaise);
    case Limit::stack:
      return fmt::format("a stack may have {} KiB here (ulimit -s): {}", soft(RLIMIT_STACK).value_or(0) / kKiB, kRaise);
  }
  return kRaise;
}

std::optional<Limit> limit_of(int number) {
  switch (number) {
    case ENOMEM:
      return Limit::memory;
    case EAGAIN:
      return Limit::processes;
    case EMFILE:
    case ENFILE:
      return Limit::open_files;
    default:
      return std::nullopt;
  }
}

std::optional<LimitError> limit_met(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return LimitError("out of memory", Limit::memory);
  if (const auto* failed = dynamic_cast<const std::system_error*>(&error)) {
    const auto limit = limit_of(failed->code().value());
    return limit ? std::optional<LimitError>(std::in_place, failed->what(), *limit) : std::nullopt;
  }
  if (dynamic_cast<const Error*>(&error) != nullptr) return std::nullopt;  // says itself whose fault it is
  const std::string_view text = error.what();
  const auto limit = limit_in_words(text);
  if (!limit) return std::nullopt;
  return LimitError(std::string(text.substr(0, text.find('\n'))), *limit);
}

std::optional<Limit> limit_that_ended(int status, double seconds, std::string_view last_words) {
  if (WIFSIGNALED(status)) {
    const int signal = WTERMSIG(status);
    struct rlimit time {};
    ::getrlimit(RLIMIT_CPU, &time);
    const bool spent = time.rlim_max != RLIM_INFINITY && seconds + kCounted >= static_cast<double>(time.rlim_max);
    if (signal == SIGXCPU || (signal == SIGKILL && spent)) return Limit::processor_time;
    const auto stack = soft(RLIMIT_STACK);
    if ((signal == SIGSEGV || signal == SIGBUS || signal == SIGKILL) && stack && *stack < kSmallStack) {
      return Limit::stack;
    }
    return signal == SIGABRT ? limit_in_words(last_words) : std::nullopt;  // an exception that nobody caught
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) == 0) return std::nullopt;
  if (WEXITSTATUS(status) == kLoaderFailed && (soft(RLIMIT_AS) || soft(RLIMIT_DATA))) return Limit::memory;
  return limit_in_words(last_words);
}

std::optional<Limit> limit_at_start(int status) {
  const bool crashed = WIFSIGNALED(status) && (WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGABRT);
  if (crashed && (soft(RLIMIT_AS) || soft(RLIMIT_DATA))) return Limit::memory;
  return limit_that_ended(status, 0, "");
}

void require_threads(int count) {
  std::promise<void> all_started;
  const std::shared_future<void> end = all_started.get_future().share();
  std::vector<std::thread> threads;
  std::optional<LimitError> met;
  try {
    for (int i = 1; i < count; ++i) threads.emplace_back([end] { end.wait(); });
  } catch (const std::system_error& e) {
    met = LimitError(fmt::format("{} threads cannot be started: {}", count, e.code().message()), Limit::processes);
  }
  all_started.set_value();
  for (std::thread& thread : threads) thread.join();
  if (met) throw LimitError(*met);
}

void leave_time_before_kill() {
  struct rlimit time {};
  g_seconds = soft(RLIMIT_CPU);
  if (::getrlimit(RLIMIT_CPU, &time) != 0 || time.rlim_max == RLIM_INFINITY) return;
  const rlim_t before = time.rlim_max - std::min(kSecondsToStop, time.rlim_max / 2);
  if (time.rlim_cur <= before) return;
  time.rlim_cur = before;
  ::setrlimit(RLIMIT_CPU, &time);
}

void end_where_memory_is_scarce(int status) {
  g_space = soft(RLIMIT_AS).value_or(0);
  g_data = soft(RLIMIT_DATA).value_or(0);
  if (g_space == 0 && g_data == 0) return;
  g_page = static_cast<rlim_t>(::sysconf(_SC_PAGESIZE));
  g_scarce_status = status;
  g_scarce = "a library ended the process where memory is scarce; " + advice_on(Limit::memory) + "\n";
  struct sigaction action {};
  action.sa_handler = end_if_scarce;
  action.sa_flags = SA_RESETHAND | SA_NODEFER;
  sigemptyset(&action.sa_mask);
  for (const int signal : {SIGSEGV, SIGBUS, SIGABRT}) sigaction(signal, &action, nullptr);
}

}  // namespace mtlgrid

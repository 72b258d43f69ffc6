// Which limit of the machine was met, and what is said of it.
#include "base/limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <new>
#include <stdexcept>
#include <system_error>

namespace mtlgrid {
namespace {

using ::testing::HasSubstr;

// What `text` returns in a child with this limit.
std::string under(__rlimit_resource_t resource, rlim_t most, const std::function<std::string()>& text) {
  int ends[2] = {-1, -1};
  if (pipe(ends) != 0) std::abort();
  const pid_t child = fork();
  if (child == 0) {
    const rlimit limit = {most, most};
    setrlimit(resource, &limit);
    const std::string said = text();
    (void)!write(ends[1], said.data(), said.size());
    std::_Exit(0);
  }
  close(ends[1]);
  std::string said(4096, '\0');
  const ssize_t bytes = read(ends[0], said.data(), said.size());
  close(ends[0]);
  waitpid(child, nullptr, 0);
  said.resize(static_cast<std::size_t>(std::max<ssize_t>(0, bytes)));
  return said;
}

std::string named(const std::optional<Limit>& limit) {
  if (!limit) return "none";
  constexpr const char* kNames[] = {"memory", "processes", "open files", "processor time", "stack"};
  return kNames[static_cast<int>(*limit)];
}

constexpr int exited(int status) { return status << 8; }

TEST(Limits, AdviceNamesTheLimitAndItsSize) {
  const auto advice = [](Limit limit) { return [limit] { return advice_on(limit); }; };
  EXPECT_THAT(under(RLIMIT_AS, rlim_t{2} << 30, advice(Limit::memory)),
              HasSubstr("2048 MiB of address space here (ulimit -v)"));
  EXPECT_THAT(under(RLIMIT_DATA, rlim_t{1} << 30, advice(Limit::memory)),
              HasSubstr("1024 MiB of data here (ulimit -d)"));
  EXPECT_THAT(under(RLIMIT_NPROC, 77, advice(Limit::processes)),
              HasSubstr("77 processes and threads here (ulimit -u)"));
  EXPECT_THAT(under(RLIMIT_NOFILE, 50, advice(Limit::open_files)), HasSubstr("open 50 files here (ulimit -n)"));
  EXPECT_THAT(under(RLIMIT_CPU, 60, advice(Limit::processor_time)),
              HasSubstr("60 s of processor time here (ulimit -t)"));
  EXPECT_THAT(under(RLIMIT_STACK, 1 << 20, advice(Limit::stack)), HasSubstr("1024 KiB here (ulimit -s)"));
}

TEST(Limits, ExceptionsOfLibrariesAreTold) {
  EXPECT_EQ(limit_met(std::bad_alloc())->limit(), Limit::memory);
  EXPECT_EQ(limit_met(std::bad_alloc())->kind(), ErrorKind::needs_person);
  EXPECT_EQ(limit_met(std::system_error(EAGAIN, std::generic_category(), "thread"))->limit(), Limit::processes);
  EXPECT_EQ(limit_met(std::system_error(EMFILE, std::generic_category(), "open"))->limit(), Limit::open_files);
  const std::runtime_error torch("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried\nframe #0");
  EXPECT_EQ(limit_met(torch)->limit(), Limit::memory);
  EXPECT_THAT(limit_met(torch)->what(), Not(HasSubstr("frame")));
  EXPECT_FALSE(limit_met(std::runtime_error("index out of range")));
  EXPECT_FALSE(limit_met(std::runtime_error("CUDA error: out of memory")));
  EXPECT_FALSE(limit_met(std::system_error(ENOENT, std::generic_category())));
  EXPECT_FALSE(limit_met(Error(ErrorKind::cell_failed, "loss is not finite: can't allocate memory"))) << "an own error";
}

TEST(Limits, WaysInWhichAChildEndsAreTold) {
  EXPECT_EQ(named(limit_that_ended(SIGXCPU, 1, "")), "processor time");
  EXPECT_EQ(named(limit_that_ended(SIGKILL, 1, "")), "none") << "the kernel was out of memory, or somebody killed it";
  EXPECT_EQ(named(limit_that_ended(SIGSEGV, 1, "")), "none");
  EXPECT_EQ(named(limit_that_ended(exited(0), 1, "Cannot allocate memory")), "none");
  EXPECT_EQ(named(limit_that_ended(exited(4), 1, "an error of its own")), "none");
  EXPECT_EQ(named(limit_that_ended(exited(1), 1, "libgomp: Thread creation failed: Resource temporarily unavailable")),
            "processes");
  EXPECT_EQ(named(limit_that_ended(SIGABRT, 1, "terminate called after throwing an instance of 'std::bad_alloc'")),
            "memory");
  const auto under_limit = [](int status, double seconds) {
    return [=] { return named(limit_that_ended(status, seconds, "")); };
  };
  EXPECT_EQ(under(RLIMIT_CPU, 60, under_limit(SIGKILL, 60.1)), "processor time");
  EXPECT_EQ(under(RLIMIT_CPU, 60, under_limit(SIGKILL, 30)), "none");
  EXPECT_EQ(under(RLIMIT_STACK, 1 << 16, under_limit(SIGSEGV, 0)), "stack");
  EXPECT_EQ(under(RLIMIT_AS, rlim_t{1} << 30, under_limit(exited(127), 0)), "memory");
  EXPECT_EQ(named(limit_that_ended(exited(127), 0, "")), "none");
}

TEST(Limits, ThreadsAreAskedForBeforeTheyAreNeeded) {
  EXPECT_NO_THROW(require_threads(4));
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "AddressSanitizer needs more address space than this test leaves";
#endif
  EXPECT_THAT(under(RLIMIT_AS, rlim_t{64} << 20,
                    [] {
                      try {
                        require_threads(1000);  // stacks of 8 MiB each
                        return std::string("started");
                      } catch (const LimitError& e) {
                        return std::string(e.what());
                      }
                    }),
              HasSubstr("1000 threads cannot be started"));
}

// What a child says that has so much address space and dies of SIGSEGV, and how it ends.
std::string end_of_a_crash(rlim_t most) {
  int ends[2] = {-1, -1};
  if (pipe(ends) != 0) std::abort();
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    const rlimit space = {most, most}, no_core = {0, 0};
    setrlimit(RLIMIT_AS, &space);
    setrlimit(RLIMIT_CORE, &no_core);
    end_where_memory_is_scarce(5);
    raise(SIGSEGV);
    std::_Exit(0);
  }
  close(ends[1]);
  std::string words(4096, '\0');
  words.resize(static_cast<std::size_t>(std::max<ssize_t>(0, read(ends[0], words.data(), words.size()))));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  return words + (WIFSIGNALED(status) ? "signal " : "status ") +
         std::to_string(WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

TEST(Limits, ACrashWhereMemoryIsScarceIsTheMachines) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "AddressSanitizer has all address space";
#endif
  EXPECT_EQ(end_of_a_crash(rlim_t{120} << 20),
            "a library ended the process where memory is scarce; a process may have 120 MiB of address space here "
            "(ulimit -v): raise that limit, then run again\nstatus 5");
  EXPECT_EQ(end_of_a_crash(rlim_t{64} << 30), "signal 11");
  EXPECT_EQ(end_of_a_crash(RLIM_INFINITY), "signal 11");
}

TEST(Limits, ASignalComesBeforeTheKill) {
  EXPECT_EQ(under(RLIMIT_CPU, 60,
                  [] {
                    leave_time_before_kill();
                    rlimit limit{};
                    getrlimit(RLIMIT_CPU, &limit);
                    return std::to_string(limit.rlim_cur) + " of " + std::to_string(limit.rlim_max) + ": " +
                           advice_on(Limit::processor_time);
                  }),
            "55 of 60: a process may have 60 s of processor time here (ulimit -t): raise that limit, then run again");
}

}  // namespace
}  // namespace mtlgrid

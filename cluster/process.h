// One child process with a pipe to its stdin, a pipe from its stdout, and its stderr in a file or ours.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_descriptor.h"
#include "cluster/gpus.h"

namespace mtlgrid {

struct ProcessOptions {
  std::filesystem::path executable;      // not looked up in PATH
  std::vector<std::string> arguments;    // without argv[0]
  std::vector<std::string> environment;  // the whole of it, "NAME=value"
  std::vector<int> cpus;                 // cores that it and all its threads are bound to; empty: as this thread
  std::filesystem::path log;             // stderr, appended; made if missing; empty, or it cannot be: our stderr
};

struct ChildProcess {
  pid_t pid = 0;
  FileDescriptor input, output;  // our ends of its stdin and stdout: non-blocking, close-on-exec
};

// Starts a process in its own process group (signals to our group do not reach it), with default signal handling, an
// empty signal mask, and only the file descriptors 0, 1 and 2. Throws Error(fatal) with the failed step and the
// system's text, LimitError if there are no more processes, memory or files to be had; then nothing was started. The
// caller reaps `pid`.
ChildProcess spawn(const ProcessOptions& options);

// `environment` without the variables of MPI launchers and Slurm, with those of a trainer: OMP_NUM_THREADS and
// MKL_NUM_THREADS = threads, CUDA_VISIBLE_DEVICES and MTLGRID_GPU = the gpu's UUID ("" hides all) and name,
// MTLGRID_PARENT = this process's id.
std::vector<std::string> trainer_environment(char* const* environment, int threads, const Gpu& gpu);

// The cores of slot s: `threads` of `cpus` starting at s * threads, wrapping around where there are too few; ascending.
std::vector<int> cpus_of_slot(const std::vector<int>& cpus, int slot, int threads);

// Describes a wait status: "killed by signal 9 (SIGKILL)", "exited with status 1".
std::string describe_wait_status(int status);

}  // namespace mtlgrid

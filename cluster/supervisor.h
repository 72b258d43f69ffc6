// Supervision of this rank's trainer processes: one in each slot, restarted when it dies.
//
// The environment of a trainer at its start: stdin and stdout are pipes of frames (trainer/contract/pipe_messages.h),
// stderr is its slot's log (this process's stderr where that cannot be made), no other descriptor is open; every signal
// has its default handling; it leads a process group of its own, so that Ctrl-C or a signal from mpirun does not reach
// it directly; it is bound to its slot's cores.
// Its environment lacks OMPI_*, PMIX_*, PMI_*, SLURM_* and has
//   OMP_NUM_THREADS, MKL_NUM_THREADS   TrainerCommand::threads
//   CUDA_VISIBLE_DEVICES, MTLGRID_GPU  UUID and name of its slot's GPU; empty, which hides all GPUs, if the slot has
//                                      none
//   MTLGRID_PARENT                     the process id of the rank that started it
// A trainer must first call prctl(PR_SET_PDEATHSIG, SIGKILL), and then end at once if getppid() is not MTLGRID_PARENT
// (the rank died before the prctl). It reserves its stdout for frames: other output there breaks the stream. More, and
// which process ends with which: docs/processes.md.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "cluster/gpus.h"
#include "cluster/trainers.h"

namespace mtlgrid {

struct TrainerCommand {
  std::filesystem::path executable;
  std::vector<std::string> arguments;
  int slots = 1, threads = 1;
  std::filesystem::path log_folder;  // stderr of slot s goes to LOG_FOLDER/HOST-RANK-s.log, appended
  int rank = 0;
  std::vector<int> cpus;  // cores of this rank; slot s gets its share of `threads` of them; empty: unbound
  std::vector<Gpu> gpus;  // of each slot; empty: none
};

// Real processes, as described at the top. Pipes are non-blocking. Each process dies with this one (parent-death signal
// and end of pipe). Destroying the object ends all of them (end of pipe, then, after `grace` seconds, SIGKILL to their
// groups) and waits until they have ended. Throws Error(fatal) if the executable is missing. Use it from one thread
// that lives as long as the process: Linux sends the parent-death signal when the thread that started the child ends.
std::unique_ptr<Trainers> make_trainer_processes(const TrainerCommand& command, double grace = 5);

}  // namespace mtlgrid

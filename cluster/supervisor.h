// Supervision of this rank's trainer processes: one a slot, started again when it dies.
//
// What a trainer finds at its start: stdin and stdout are pipes of frames (trainer/contract/pipe_messages.h), stderr is
// its slot's log, no other descriptor is open; every signal has its default handling; it leads a process group of its
// own, so that Ctrl-C or a signal from mpirun does not reach it directly; it is bound to its slot's cores. Its
// environment lacks OMPI_*, PMIX_*, PMI_*, SLURM_* and has
//   OMP_NUM_THREADS, MKL_NUM_THREADS   TrainerCommand::threads
//   CUDA_VISIBLE_DEVICES, MTLGRID_GPU  UUID and name of its slot's GPU; empty, which hides all of them, where the slot
//                                      was given none
//   MTLGRID_PARENT                     the process id of the rank that started it
// What a trainer must do first of all, since only it can: prctl(PR_SET_PDEATHSIG, SIGKILL), and then end at once if
// getppid() is not MTLGRID_PARENT (the rank died before the prctl). It keeps its stdout for frames: what libraries
// print there breaks the stream. More, with what dies with what: docs/processes.md.
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

// Real processes, as described at the top; pipes non-blocking; each dies with this process (parent-death signal and end
// of pipe). Destroying the object ends them (end of pipe, then, after `grace` seconds, SIGKILL to their groups), waits
// for that and leaves none behind. Throws Error(fatal) if there is no such executable or the log folder cannot be made.
// Used from one thread, which lives as long as the process: Linux sends the parent-death signal when the thread that
// started the child ends.
std::unique_ptr<Trainers> make_trainer_processes(const TrainerCommand& command, double grace = 5);

}  // namespace mtlgrid

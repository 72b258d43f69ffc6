// The transport between the ranks of a job: MPI, point-to-point and non-blocking.
#pragma once

#include <memory>

#include "cluster/transport.h"

namespace mtlgrid {

// nullptr if this process was not started by mpirun or srun (told by OMPI_COMM_WORLD_SIZE or PMIX_RANK), or the program
// was built without MPI. Collective over the job's ranks. Throws Error(fatal) with file, line and MPI's own text; an
// error that concerns one peer is printed once to stderr, and that peer counts as lost. At most one transport in a
// process, used from the thread that made it. It makes progress only inside calls: call receive() often while idle() is
// false.
#ifdef MTLGRID_HAVE_MPI
std::unique_ptr<Transport> make_mpi_transport(int* argc, char*** argv);
#else
inline std::unique_ptr<Transport> make_mpi_transport(int*, char***) { return nullptr; }
#endif

}  // namespace mtlgrid

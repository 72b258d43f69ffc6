// Stands in for mpi_transport.cpp where MPI was not found.
#include "cluster/transport.h"

namespace mtlgrid {

std::unique_ptr<Transport> make_mpi_transport(int*, char***) { return nullptr; }

}  // namespace mtlgrid

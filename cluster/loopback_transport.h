// The transport of a run without mpirun: one rank that sends messages to itself.
#pragma once

#include <memory>

#include "cluster/transport.h"

namespace mtlgrid {

std::unique_ptr<Transport> make_loopback_transport();

}  // namespace mtlgrid

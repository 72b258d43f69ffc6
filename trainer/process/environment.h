// Facts about the machine a cell runs on, for its record. No torch.
#pragma once

#include "results/records/records.h"

namespace mtlgrid {

// Host, CPU model and this program's version; the caller fills in the rest.
Environment host_environment();

double seconds_since_1970();

}  // namespace mtlgrid

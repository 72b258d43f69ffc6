// Trains and evaluates the cells of an experiment, one after the other, in this process.
#pragma once

#include <memory>

#include "trainer/protocol.h"
#include "trainer/service.h"

namespace mtlgrid {

// The real service. Sets torch's threads to `experiment.run.threads`. Bags stay in memory as float16 from cell to cell.
// Throws InputError if the device asked for is not there.
std::unique_ptr<CellService> make_training_service(const Setup& setup);

}  // namespace mtlgrid

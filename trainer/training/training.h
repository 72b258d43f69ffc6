// Trains and evaluates the cells of an experiment, a pack after the other, in this process.
#pragma once

#include <memory>

#include "trainer/contract/pipe_messages.h"
#include "trainer/process/service.h"

namespace mtlgrid {

// The real service. Sets torch's threads to `experiment.run.threads`. Bags stay at hand as float16 from cell to cell;
// the first cell builds the node's bag file or waits for the process that does.
// Throws InputError if the device asked for is not there.
std::unique_ptr<CellService> make_training_service(const Setup& setup);

}  // namespace mtlgrid

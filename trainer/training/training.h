// Trains and evaluates the cells of an experiment, one pack after another, in this process. Torch.
#pragma once

#include <memory>

#include "trainer/contract/pipe_messages.h"
#include "trainer/process/service.h"

namespace mtlgrid {

// The service that trains. Sets torch's threads to `experiment.run.threads`. Bags are kept as float16 from cell to
// cell; the first cell builds the node's bag file or waits for the process that does. Throws InputError if the
// requested device is not available.
std::unique_ptr<CellService> make_training_service(const Setup& setup);

}  // namespace mtlgrid

// A trainer process's conversation with its rank, over two file descriptors. No torch.
#pragma once

#include <functional>
#include <memory>

#include "trainer/contract/pipe_messages.h"
#include "trainer/process/service.h"

namespace mtlgrid {

// Serves Setup, then packs of cells, until the end of `in`; returns the exit status. `make_service` is called once,
// with the Setup message. A cell's own errors (is_of_cell) are answered with Failed; anything else ends the process
// with a status and a line on stderr, and the rank tries the cells again. End of pipe while cells are trained ends the
// process at once, without destructors: the last checkpoint is whole on disk, and nobody is left to hear.
int serve(int in, int out, const std::function<std::unique_ptr<CellService>(const Setup&)>& make_service);

}  // namespace mtlgrid

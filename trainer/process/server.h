// A trainer process's conversation with its rank, over two file descriptors. No torch.
#pragma once

#include <functional>
#include <memory>

#include "trainer/contract/pipe_messages.h"
#include "trainer/process/away_files.h"
#include "trainer/process/service.h"

namespace mtlgrid {

// Serves Setup, then packs of cells, until the end of `in`; returns the exit status. `make_service` is called once,
// with the Setup message. Errors of a cell (is_of_cell) are answered with Failed. Any other error ends the process with
// a status and a line on stderr, and the rank retries the cells. End of pipe while cells are trained ends the process
// at once, without destructors: the last checkpoint is complete on disk, and no reader is left. `away_seconds`: how
// long it waits for files that are away before it says so (away_files.h).
int serve(int in, int out, const std::function<std::unique_ptr<CellService>(const Setup&)>& make_service,
          double away_seconds = kAwaySeconds);

}  // namespace mtlgrid

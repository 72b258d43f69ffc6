// Answers a single request to the trainer (requests.h). Torch.
#pragma once

namespace mtlgrid {

// Reads one request from `in` and writes its answer to `out`; returns the exit status: kEndOfPipe if an answer was
// written, a refusal included, else kInternalError after a line on stderr.
int answer(int in, int out);

}  // namespace mtlgrid

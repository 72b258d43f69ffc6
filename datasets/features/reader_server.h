// The process that reads feature files for another: it may die of a file, or be ended.
#pragma once

namespace mtlgrid {

// Answers requests that arrive on `in` to `out` (reader_frames.h) until `in` ends; returns the exit status. For a
// process of its own, which it prepares: it ends with its parent, dumps no core, is the first to go where memory is
// short, and is ended by SIGPROF when it spends 1 s of processor time (more for large parts) without progress. Memory
// is limited to what a file can have and 2 GiB.
int serve_features(int in, int out);

}  // namespace mtlgrid

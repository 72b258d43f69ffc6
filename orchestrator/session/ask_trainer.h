// One request to the trainer's executable (trainer/contract/requests.h).
#pragma once

#include "trainer/contract/requests.h"

namespace mtlgrid {

// Starts `mtlgrid-trainer answer` with so many compute threads, sends `request`, and waits for its answer, as long as
// that takes; `Request` is one of TrainerRequest. Its stderr is ours. Throws what the trainer refused with, in its
// category; Error(needs_person) where there is no trainer; Error(fatal) if it ended without an answer.
template <typename Request>
typename Request::Answer ask_trainer(const Request& request, int threads);

}  // namespace mtlgrid

// One request to the trainer's executable (trainer/contract/requests.h).
#pragma once

#include "trainer/contract/requests.h"

namespace mtlgrid {

// How long a trainer that computes nothing (suspended, waiting for a file server) is waited for.
struct TrainerPatience {
  double look = 5;       // seconds between looks at its processor time
  double say = 60;       // seconds, after which it is said
  double give_up = 600;  // seconds, after which it is ended
};

// Starts `mtlgrid-trainer answer` with so many compute threads, sends `request`, and waits for its answer, as long as
// that takes; `Request` is one of TrainerRequest. Its stderr is ours. Throws what the trainer refused with, in its
// category; Error(needs_person) where there is no trainer, or it computed nothing for too long; Error(fatal) if it
// ended without an answer.
template <typename Request>
typename Request::Answer ask_trainer(const Request& request, int threads, const TrainerPatience& patience = {});

}  // namespace mtlgrid

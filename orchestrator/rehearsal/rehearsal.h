// `mtlgrid run --rehearse MINUTES`: dummy cells on the user's own cluster, through the real coordinator, workers, store
// and transport, with a trainer and a rank killed and a stop by SIGUSR1; and a report of what to change. See
// docs/rehearsal.md.
#pragma once

#include <nlohmann/json.hpp>

#include "orchestrator/plan/plan.h"
#include "orchestrator/session/session.h"

namespace mtlgrid {

inline constexpr double kRehearsedCell = 2;  // seconds that a dummy cell takes

// Rank 0. In a new folder beside the store, which is removed unless a problem was found; the store itself is not
// opened. Returns the exit status, kAllDone, or kSomeFailed where a problem was found, and leaves it in
// STORE.rehearsal.done, for batch scripts. `options.devices` must be set.
// `all_alive` becomes false while ranks work and when one was lost.
int rehearse(const Plan& plan, double minutes, Transport& transport, const TrainerOptions& options, bool& all_alive);

// For the session of any rank: does what a "rehearse" message asks for and sends "rehearsed"; leaves all others alone.
// May not return: one order is to die.
WorkerVisitor rehearsal_visitor(const TrainerOptions& options);

}  // namespace mtlgrid

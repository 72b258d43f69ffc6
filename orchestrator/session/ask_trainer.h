// One request to the trainer's executable (trainer/contract/requests.h).
#pragma once

#include <nlohmann/json.hpp>

namespace mtlgrid {

// Starts `mtlgrid-trainer answer` with so many compute threads, sends `request`, and waits for its answer, as long as
// that takes. Its stderr is ours. Throws what the trainer refused with, in its category; Error(needs_person) where
// there is no trainer; Error(fatal) if it ended without an answer.
nlohmann::json ask_trainer(const nlohmann::json& request, int threads);

}  // namespace mtlgrid

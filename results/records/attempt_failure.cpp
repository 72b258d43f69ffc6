#include "results/records/attempt_failure.h"

namespace mtlgrid {

const char* outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::failed:
      return "failed";
    case Outcome::crashed:
      return "crashed";
    case Outcome::lost:
      return "lost";
    case Outcome::stopped:
      return "stopped";
    case Outcome::interrupted:
      return "interrupted";
  }
  return "failed";
}

}  // namespace mtlgrid

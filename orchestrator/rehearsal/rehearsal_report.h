// What a rehearsal's steps say about the cluster: findings for people.
#pragma once

#include <vector>

#include "orchestrator/config/config.h"
#include "orchestrator/plan/plan.h"
#include "orchestrator/rehearsal/rehearsal_checks.h"
#include "orchestrator/rehearsal/rehearsal_record.h"
#include "orchestrator/session/session.h"

namespace mtlgrid {

// After the session, which ended at `ended` (steady). Adds to what was checked before.
void report_rehearsal(const Plan& plan, const RehearsalRecord& record, const SessionResult& session, double ended,
                      std::vector<Finding>& findings);

// What came of the rank that was killed; at once where mpirun ends the job for it. `configured`: of the real run.
void report_rank(const RehearsalRecord& record, const ClusterSettings& configured, std::vector<Finding>& findings);

}  // namespace mtlgrid

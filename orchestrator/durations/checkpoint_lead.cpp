#include "orchestrator/durations/checkpoint_lead.h"

#include <algorithm>

#include "balancers/methods/registry.h"
#include "orchestrator/durations/cost.h"
#include "orchestrator/plan/disk_space.h"

namespace mtlgrid {
namespace {

constexpr double kMargin = 25;  // seconds; guessed
constexpr double kLeastLead = 30;

}  // namespace

// On the CPU the members of a pack step one after the other, and `auto` makes no packs. On a GPU they step together,
// which takes the sum of their shares (duration_model.h).
CheckpointLead checkpoint_lead(const Plan& plan, const DurationModel& durations) {
  const RunSettings& run = plan.config.run;
  const bool gpu = run.device == "cuda" || durations.on_gpu();
  const int configured = std::max(1, run.pack), all = static_cast<int>(plan.config.methods.size());
  const int stepping = gpu && run.pack == 0 ? all : configured;
  CheckpointLead lead;
  const PatientSeconds seconds = patient_seconds(plan, durations.machine());
  for (const Pair& pair : plan.experiment.pairs) {
    for (std::size_t m = 0; m < methods().size(); ++m) {
      const std::vector<std::string>& trained = plan.config.methods;
      if (std::find(trained.begin(), trained.end(), methods()[m].name) == trained.end()) continue;
      const Cell cell{pair.biomarker, pair.auxiliary, methods()[m].name, 0};
      const double step = longest_step_seconds(seconds, pair, m) * durations.training_factor(cell, true);
      lead.step = std::max(lead.step, stepping * step);
    }
  }
  lead.saved = run.device != "cpu" && run.pack == 0 ? all : configured;
  lead.save = lead.saved * checkpoint_bytes(plan) / kAssumedBytesPerSecond;
  lead.margin = kMargin;
  return lead;
}

double checkpoint_lead_seconds(const Plan& plan, const DurationModel& durations) {
  return std::max(kLeastLead, checkpoint_lead(plan, durations).seconds());
}

}  // namespace mtlgrid

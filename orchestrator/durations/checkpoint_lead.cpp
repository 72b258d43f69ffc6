#include "orchestrator/durations/checkpoint_lead.h"

#include <algorithm>

#include "orchestrator/durations/cost.h"
#include "orchestrator/plan/disk_space.h"

namespace mtlgrid {
namespace {

constexpr double kStopMargin = 25;  // seconds; guessed
constexpr double kLeastLead = 30;

}  // namespace

// On the CPU the members of a pack step one after the other, and `auto` makes no packs. On a GPU they step together,
// which takes as long as their shares together (lengths.h).
StopLead stop_lead(const Plan& plan, const LearnedLengths& lengths) {
  const RunSettings& run = plan.config.run;
  const bool gpu = run.device == "cuda" || lengths.on_gpu();
  const int configured = std::max(1, run.pack), all = static_cast<int>(plan.config.methods.size());
  const int stepping = gpu && run.pack == 0 ? all : configured;
  StopLead lead;
  for (const Pair& pair : plan.experiment.pairs) {
    for (const std::string& name : plan.config.methods) {
      const Cell cell{pair.biomarker, pair.auxiliary, name, 0};
      const double step = longest_step_seconds(plan, cell, lengths.machine()) * lengths.training_factor(cell, true);
      lead.step = std::max(lead.step, stepping * step);
    }
  }
  lead.saved = run.device != "cpu" && run.pack == 0 ? all : configured;
  lead.save = lead.saved * checkpoint_bytes(plan) / kAssumedBytesPerSecond;
  lead.margin = kStopMargin;
  return lead;
}

double stop_lead_seconds(const Plan& plan, const LearnedLengths& lengths) {
  return std::max(kLeastLead, stop_lead(plan, lengths).seconds());
}

}  // namespace mtlgrid

#include "trainer/training/stack_state.h"

#include <cmath>
#include <limits>

#include "base/errors.h"

namespace mtlgrid {

void StackMember::fail(const std::string& why) {
  if (good()) step.error = std::make_exception_ptr(Error(ErrorKind::cell_failed, why));
}

StackState::Parts StackState::parts(const at::Tensor& rows, std::size_t member) const {
  const at::Tensor row = rows[static_cast<std::int64_t>(member)];
  return {row.narrow(0, 0, layout.shared), row.narrow(0, layout.shared, layout.total - layout.shared)};
}

DropoutMasks StackState::masks(const StepPlace& place, PassNumber pass) const {
  const PassNumber drawn = protocol.autol_reuse_masks ? PassNumber::network : pass;
  const RandomStream stream = streams.dropout.child(static_cast<std::uint64_t>(place.epoch))
                                  .child(static_cast<std::uint64_t>(place.step))
                                  .child(static_cast<std::uint64_t>(drawn));
  return {stream, model.dropout, flat};
}

std::vector<TaskLosses> StackState::checked_losses(const StepPlace& place, const at::Tensor& outputs,
                                                   const Example& example, const char* where) {
  std::vector<TaskLosses> all;
  for (std::size_t f = 0; f < size(); ++f) {
    const auto member = static_cast<std::int64_t>(f);
    const TaskLosses losses = task_losses(outputs, example.label, example.target, member);
    const TaskLosses slopes = loss_slopes(outputs, example, member);
    const double most =
        flat.scalar_type() == at::kDouble ? std::numeric_limits<double>::max() : std::numeric_limits<float>::max();
    for (std::size_t k = 0; k < (joint() ? 2 : 1); ++k) {
      const std::string of_task = std::string(kTaskNames[k]) + " loss" + where;
      if (!std::isfinite(losses[k])) {
        members[f].fail(describe(place, example.patient) + ": " + of_task + " is " + std::to_string(losses[k]));
      } else if (std::abs(slopes[k]) > most) {
        members[f].fail(describe(place, example.patient) + ": gradient of the " + of_task + " is not finite");
      }
    }
    all.push_back(losses);
  }
  return all;
}

void StackState::fail_task(std::size_t member, const StepPlace& place, const Example& example,
                           const GradientRows& rows) {
  for (std::int64_t k = 0; k < rows.tasks_a_member; ++k) {
    if (all_finite(rows.shared_of(member)[k]) && all_finite(rows.own_of(member)[k])) continue;
    members[member].fail(describe(place, example.patient) + ": gradient of the " + kTaskNames[k] +
                         " loss is not finite");
  }
}

}  // namespace mtlgrid

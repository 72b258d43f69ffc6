#include "orchestrator/session/stopping.h"

#include <fmt/format.h>

#include <string_view>

#include "base/limits.h"
#include "base/text.h"

namespace mtlgrid {
namespace {

std::string first_words(const StopSignals& signals, const CellCounts& counts, double checkpoint_minutes) {
  const int running = counts.running;
  const std::string_view signal = signals.first();
  std::string line = fmt::format("asked to stop ({}): ", signal.empty() ? "mpirun has ended" : signal);
  if (running == 0) return line + "nothing is running";
  if (counts.slides)
    return line + fmt::format("the run ends, and {} begun again later",
                              running == 1 ? "the running slide is" : "running slides are");
  line += fmt::format("{} {}, then the run ends", counted(running, "running cell"),
                      running == 1 ? "writes its checkpoint" : "write their checkpoints");
  if (signal != "SIGINT") return line;
  return line + fmt::format(
                    "; Ctrl-C again ends it at once and loses what was trained since the last checkpoint (at most "
                    "about {})",
                    spoken_duration(60 * checkpoint_minutes));
}

}  // namespace

void follow_signals(const StopSignals& signals, bool mpirun_gone, double checkpoint_minutes, Coordinator& coordinator,
                    Worker& worker, const std::function<void(const std::string&)>& say, Coordinator::Now now) {
  if (!signals.requested() && !mpirun_gone) return;
  const int running = coordinator.counts().running;
  if (!coordinator.stopping()) say(first_words(signals, coordinator.counts(), checkpoint_minutes));
  if (signals.first() == std::string_view("SIGXCPU")) {
    coordinator.give_up("no processor time is left; " + advice_on(Limit::processor_time), now);
  }
  coordinator.request_stop(now);
  worker.request_stop(now.steady);
  if (!signals.at_once() || running == 0) return;
  say(
      fmt::format("Ctrl-C again: the run ends at once; {} {} trained since the last checkpoint, and the next run "
                  "continues from there",
                  counted(running, "cell"), running == 1 ? "loses what it" : "lose what they"));
  coordinator.abandon("ended at once on request (second Ctrl-C)", now);
  worker.kill_trainers();
}

}  // namespace mtlgrid

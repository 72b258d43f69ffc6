#include "orchestrator/session/signals.h"

#include <array>
#include <csignal>
#include <cstddef>
#include <utility>

namespace mtlgrid {
namespace {

// A signal handler can reach nothing but globals.
volatile std::sig_atomic_t g_first = 0, g_interrupts = 0;

constexpr std::array<std::pair<int, const char*>, 5> kSignals = {
    {{SIGUSR1, "SIGUSR1"}, {SIGTERM, "SIGTERM"}, {SIGINT, "SIGINT"}, {SIGHUP, "SIGHUP"}, {SIGXCPU, "SIGXCPU"}}};
std::array<struct sigaction, kSignals.size()> g_before;

void note(int number) {
  if (g_first == 0) g_first = number;
  if (number == SIGINT && g_interrupts < 2) g_interrupts = g_interrupts + 1;
}

}  // namespace

StopSignals::StopSignals() {
  g_first = 0;
  g_interrupts = 0;
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    const int number = kSignals[i].first;
    sigaction(number, nullptr, &g_before[i]);
    if (number == SIGHUP && g_before[i].sa_handler == SIG_IGN) continue;
    struct sigaction action {};
    action.sa_handler = note;
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, nullptr);
  }
}

StopSignals::~StopSignals() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i].first, &g_before[i], nullptr);
  std::signal(SIGXCPU, SIG_IGN);  // it comes every second, and the run has but to publish what it has
}

bool StopSignals::requested() const { return g_first != 0; }

bool StopSignals::at_once() const { return g_interrupts > 1; }

const char* StopSignals::first() const {
  for (const auto& [number, name] : kSignals) {
    if (number == g_first) return name;
  }
  return "";
}

}  // namespace mtlgrid

#include "orchestrator/session/signals.h"

#include <csignal>
#include <initializer_list>

namespace mtlgrid {
namespace {

// A signal handler can reach nothing but a global.
volatile std::sig_atomic_t g_requested = 0;

constexpr std::initializer_list<int> kSignals = {SIGUSR1, SIGTERM, SIGINT};

void note(int) { g_requested = 1; }

void handle(void (*handler)(int)) {
  for (int number : kSignals) {
    struct sigaction action {};
    action.sa_handler = handler;
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, nullptr);
  }
}

}  // namespace

StopSignals::StopSignals() {
  g_requested = 0;
  handle(note);
}

StopSignals::~StopSignals() { handle(SIG_DFL); }

bool StopSignals::requested() const { return g_requested != 0; }

}  // namespace mtlgrid

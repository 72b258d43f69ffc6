#include "base/clock.h"

#include <chrono>
#include <thread>

namespace mtlgrid {

double Clock::now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

double Clock::steady() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void Clock::sleep(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

Clock& Clock::real() {
  static Clock clock;
  return clock;
}

}  // namespace mtlgrid

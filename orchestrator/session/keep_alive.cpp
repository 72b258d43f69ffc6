#include "orchestrator/session/keep_alive.h"

#include <chrono>
#include <future>

#include "orchestrator/scheduler/messages.h"
#include "orchestrator/session/mailbox.h"

namespace mtlgrid {

void SignsOfLife::during(const std::function<void()>& work) {
  using Clock = std::chrono::steady_clock;
  constexpr auto kTurn = std::chrono::milliseconds(5);  // the transport does nothing by itself
  if (size() == 1) return work();
  std::future<void> done = std::async(std::launch::async, work);
  Post to_workers(transport_, Addressee::worker);
  auto due = Clock::now();
  while (done.wait_for(kTurn) != std::future_status::ready) {
    while (auto incoming = transport_.receive()) kept_.push_back(std::move(*incoming));
    if (Clock::now() < due) continue;
    due = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(every_));
    for (int other = 0; other < size(); ++other) {
      if (other != rank()) to_workers.send(other, typed("ping"));
    }
    to_workers.flush();
  }
  done.get();
}

std::optional<Transport::Incoming> SignsOfLife::receive() {
  if (kept_.empty()) return transport_.receive();
  Incoming first = std::move(kept_.front());
  kept_.pop_front();
  return first;
}

}  // namespace mtlgrid

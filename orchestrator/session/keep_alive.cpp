#include "orchestrator/session/keep_alive.h"

#include <chrono>
#include <future>

#include "base/clock.h"
#include "orchestrator/scheduler/messages.h"
#include "orchestrator/session/mailbox.h"

namespace mtlgrid {

void KeepAliveTransport::during(const std::function<void()>& work) {
  constexpr auto kTurn = std::chrono::milliseconds(5);  // the transport does nothing by itself
  if (size() == 1) return work();
  std::future<void> done = std::async(std::launch::async, work);
  MailboxToWorkers to_workers(transport_);
  double due = Clock::real().steady();
  while (done.wait_for(kTurn) != std::future_status::ready) {
    while (auto incoming = transport_.receive()) kept_.push_back(std::move(*incoming));
    if (Clock::real().steady() < due) continue;
    due = Clock::real().steady() + every_;
    for (int other = 0; other < size(); ++other) {
      if (other != rank()) to_workers.send(other, Ping{});
    }
    to_workers.flush();
  }
  done.get();
}

std::optional<Transport::Incoming> KeepAliveTransport::receive() {
  if (kept_.empty()) return transport_.receive();
  Incoming first = std::move(kept_.front());
  kept_.pop_front();
  return first;
}

}  // namespace mtlgrid

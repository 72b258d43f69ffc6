// A one-way line between coordinator and worker of a simulation: messages keep their order, as MPI's do.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <functional>
#include <utility>

#include "tests/orchestrator/simulation/events.h"

namespace mtlgrid::simulation {

template <typename Message>
class Line {
 public:
  Line(Events& events, std::function<void(Message)> deliver) : events_(events), deliver_(std::move(deliver)) {}

  void send(Message message, double latency) {
    if (closed_) return;
    last_ = std::max(last_, events_.now() + latency);
    letters_.push_back({last_, std::move(message)});
    if (!cut_) events_.at(last_, [this] { arrive(); });
  }
  void cut() { cut_ = true; }
  void heal() {
    cut_ = false;
    for (const Letter& letter : letters_) events_.at(letter.arrival, [this] { arrive(); });
  }
  // Loses messages that have not arrived.
  void drop_newest(std::size_t messages) {
    for (; messages > 0 && !letters_.empty(); --messages) letters_.pop_back();
  }
  void close() { closed_ = true; }  // nothing arrives any more
  std::size_t in_flight() const { return letters_.size(); }

 private:
  struct Letter {
    double arrival;
    Message message;
  };
  void arrive() {
    while (!cut_ && !letters_.empty() && letters_.front().arrival <= events_.now()) {
      Message message = std::move(letters_.front().message);
      letters_.pop_front();
      if (!closed_) deliver_(std::move(message));
    }
  }

  Events& events_;
  std::function<void(Message)> deliver_;
  std::deque<Letter> letters_;
  double last_ = 0;
  bool cut_ = false, closed_ = false;
};

}  // namespace mtlgrid::simulation

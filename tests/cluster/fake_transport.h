// Ranks in one process and no time: messages lie in queues until a test lets a rank receive them.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "cluster/transport.h"

namespace mtlgrid {

// The wire between `size` ranks. Each message is kept as bytes, in a buffer of its own. Must outlive its transports.
class FakeNetwork {
 public:
  struct Sent {
    int from, to;
    std::string bytes;
  };

  explicit FakeNetwork(int size) : size_(size) {}
  FakeNetwork(const FakeNetwork&) = delete;
  FakeNetwork& operator=(const FakeNetwork&) = delete;

  std::unique_ptr<Transport> transport(int rank) { return std::make_unique<Endpoint>(*this, rank); }

  // The rank dies: what is on its way to it and all later messages from and to it vanish. What it had sent arrives.
  void lose(int rank) {
    lost_.insert(rank);
    waiting_.erase(rank);
  }
  bool is_lost(int rank) const { return lost_.contains(rank); }
  // Messages from `from` to `to` stay on the wire until release().
  void hold(int from, int to) { held_.insert({from, to}); }
  void release(int from, int to) {
    held_.erase({from, to});
    auto& kept = kept_[{from, to}];
    while (!kept.empty()) {
      deliver({from, to, std::move(kept.front())});
      kept.pop_front();
    }
  }
  // Every message ever sent, vanished ones included, in order.
  const std::vector<Sent>& sent() const { return sent_; }
  // Messages that arrived and nobody received yet.
  std::size_t waiting() const {
    std::size_t count = 0;
    for (const auto& [rank, queue] : waiting_) count += queue.size();
    return count;
  }

 private:
  class Endpoint final : public Transport {
   public:
    Endpoint(FakeNetwork& network, int rank) : network_(network), rank_(rank) {}
    int rank() const override { return rank_; }
    int size() const override { return network_.size_; }
    void send(int to, std::string bytes) override { network_.accept({rank_, to, std::move(bytes)}); }
    std::optional<Incoming> receive() override {
      auto& queue = network_.waiting_[rank_];
      if (queue.empty()) return std::nullopt;
      Incoming message = std::move(queue.front());
      queue.pop_front();
      return message;
    }
    bool idle() const override { return true; }
    void finish(bool) override {}

   private:
    FakeNetwork& network_;
    int rank_;
  };

  void accept(Sent message) {
    if (message.to < 0 || message.to >= size_) {
      throw std::out_of_range("message to rank " + std::to_string(message.to) + " of " + std::to_string(size_));
    }
    sent_.push_back(message);
    if (lost_.contains(message.from)) return;
    if (held_.contains({message.from, message.to})) {
      kept_[{message.from, message.to}].push_back(std::move(message.bytes));
    } else {
      deliver(std::move(message));
    }
  }
  void deliver(Sent message) {
    if (lost_.contains(message.to)) return;
    waiting_[message.to].push_back({message.from, std::move(message.bytes)});
  }

  int size_;
  std::set<int> lost_;
  std::set<std::pair<int, int>> held_;
  std::map<std::pair<int, int>, std::deque<std::string>> kept_;
  std::map<int, std::deque<Transport::Incoming>> waiting_;
  std::vector<Sent> sent_;
};

}  // namespace mtlgrid

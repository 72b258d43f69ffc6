// Rank 0's transport, with which it can work for long without the other ranks taking it for dead.
#pragma once

#include <deque>
#include <functional>

#include "cluster/transport.h"

namespace mtlgrid {

inline constexpr double kKeepAliveSeconds = 2;

// Everything is `transport`'s, which must outlive it. To be used by the thread that made that one.
class KeepAliveTransport : public Transport {
 public:
  explicit KeepAliveTransport(Transport& transport, double every = kKeepAliveSeconds)
      : transport_(transport), every_(every) {}

  // Runs `work` in a thread of its own, and meanwhile sends the message "ping" to all other ranks' workers every two
  // seconds. What arrives until `work` has ended is received after it. `work` must not use the transport. Throws what
  // `work` throws.
  void during(const std::function<void()>& work);

  int rank() const override { return transport_.rank(); }
  int size() const override { return transport_.size(); }
  void send(int to, std::string bytes) override { transport_.send(to, std::move(bytes)); }
  std::optional<Incoming> receive() override;
  bool idle() const override { return transport_.idle(); }
  void give_up(int rank) override { transport_.give_up(rank); }
  void finish(bool all_alive) override { transport_.finish(all_alive); }

 private:
  Transport& transport_;
  double every_;
  std::deque<Incoming> kept_;
};

}  // namespace mtlgrid

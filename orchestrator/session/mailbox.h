// Carries coordinator's and workers' messages over a transport: on rank 0 both live in one process.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>

#include "cluster/transport.h"
#include "orchestrator/scheduler/coordinator.h"

namespace mtlgrid {

// Whom a message is for: its first byte.
enum class Addressee : char { coordinator = 'c', worker = 'w' };

// Sends over `transport` to whoever `addressee` is on the other rank. Messages are held back until `flush`, so that
// nothing is said before it is durable.
class Mailbox : public Comm {
 public:
  Mailbox(Transport& transport, Addressee addressee) : transport_(transport), addressee_(addressee) {}
  void send(int rank, const nlohmann::json& message) override;
  void flush();

 private:
  struct Letter {
    int rank;
    std::string bytes;
  };
  Transport& transport_;
  Addressee addressee_;
  std::vector<Letter> letters_;
};

// Takes in every message that has arrived (at most `kMostAtOnce`, so that commits and ticks get their turn) and gives
// each to the handler of its addressee. Returns how many. Throws Error(fatal) on bytes that are no message.
using MailHandler = std::function<void(int from, Addressee addressee, const nlohmann::json& message)>;
int receive_mail(Transport& transport, const MailHandler& handler);

inline constexpr int kMostAtOnce = 256;

}  // namespace mtlgrid

// Carries coordinator's and workers' messages over a transport: on rank 0 both live in one process.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <type_traits>
#include <vector>

#include "cluster/transport.h"
#include "orchestrator/scheduler/comm.h"

namespace mtlgrid {

// Whom a message is for: its first byte.
enum class Addressee : char { coordinator = 'c', worker = 'w' };

// Messages that are held back until `flush`, so that nothing is said before it is durable.
class HeldMail {
 public:
  explicit HeldMail(Transport& transport) : transport_(transport) {}
  void add(int rank, Addressee addressee, const nlohmann::json& message);
  void flush();

 private:
  struct Letter {
    int rank;
    std::string bytes;
  };
  Transport& transport_;
  std::vector<Letter> letters_;
};

// Sends over `transport` to the coordinator or the workers on other ranks, whichever `Message` is for.
template <typename Message>
class Mailbox : public Comm<Message> {
 public:
  explicit Mailbox(Transport& transport) : mail_(transport) {}
  void send(int rank, const Message& message) override {
    constexpr bool kToWorker = std::is_same_v<Message, ToWorker>;
    mail_.add(rank, kToWorker ? Addressee::worker : Addressee::coordinator, encode_message(message));
  }
  void flush() { mail_.flush(); }

 private:
  HeldMail mail_;
};
using MailboxToWorkers = Mailbox<ToWorker>;
using MailboxToCoordinator = Mailbox<ToCoordinator>;

// Takes in every message that has arrived (at most `kMostAtOnce`, so that commits and ticks get their turn) and gives
// each to `handler`, an object with a "type". Returns how many. Bytes that are not a message within the limits of
// base/decode.h, and orders to a worker from a rank that gives none, go to `refuse` with what is wrong with them.
using MailHandler = std::function<void(int from, Addressee addressee, const nlohmann::json& message)>;
using MailRefuser = std::function<void(int from, const std::string& why)>;
int receive_mail(Transport& transport, const MailHandler& handler, const MailRefuser& refuse);

inline constexpr int kMostAtOnce = 256;

}  // namespace mtlgrid

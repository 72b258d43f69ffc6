// How it works. The only collective call is MPI_Comm_dup at start-up.
//
// To each peer goes a stream of messages, each its length and its bytes, cut into parts of at most kPart bytes. The
// next part follows when MPI has released the last and while fewer than kWindow are unanswered; the rest waits here,
// so that many small messages share a part. The receiver answers with how many parts have arrived. Parts are matched
// (MPI_Improbe) and then received (MPI_Imrecv), so nothing ever waits for a peer. A dead peer's last part is never
// released, and nothing more is passed to MPI for it.
//
// The reason: what Open MPI 4.1.4 does when a peer dies, as observed with gdb (docs/processes.md).
// - Shared memory has room for 512 unread small or about 100 large messages in all. Messages to a dead
//   rank fill all of it, and then no message to any rank gets through.
// - TCP: a large message (rendezvous) to a rank that dies can hang the sender on its own lock, as the error path sends
//   from inside itself; and any send after one that failed can corrupt libevent's lists, which then form an endless
//   loop. Both hang the whole process inside an MPI call. Never giving MPI a second part while the first is not
//   done avoids it, with parts below the limit up to which MPI sends without asking the receiver (eager), and a socket
//   buffer larger than the window, which keeps a part from being half-written.
#include "cluster/mpi_transport.h"

#include <fmt/format.h>
#include <mpi.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <filesystem>
#include <source_location>
#include <string_view>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "base/telling.h"
#include "cluster/assembly.h"

namespace mtlgrid {
namespace {

std::string mpi_text(int code) {
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  if (MPI_Error_string(code, text.data(), &length) != MPI_SUCCESS) return "MPI error " + std::to_string(code);
  return std::string(text.data(), static_cast<std::size_t>(length));
}

void check_mpi(int code, const char* call, const std::source_location& at = std::source_location::current()) {
  if (code == MPI_SUCCESS) return;
  const std::string file = std::filesystem::path(at.file_name()).filename();  // not where it was built
  throw Error(ErrorKind::fatal, fmt::format("{}:{}: {}: {}", file, at.line(), call, mpi_text(code)));
}

constexpr std::size_t kPart = 60000;  // TCP's eager limit is 65536 with MPI's header
constexpr int kWindow = 3;            // parts to one peer
// Of a TCP connection, in bytes; the kernel cuts it to net.core.wmem_max, Linux's default of which is this, and grants
// twice as much.
constexpr const char* kSocketBuffer = "212992";

enum Tag : int {
  kStream,
  kAnswer,  // content: an int, how many parts have arrived since the last answer
};

// A part or an answer on its way. `bytes` is lent to MPI until the request completes: neither moved nor changed before.
struct Transfer {
  std::string bytes;
  MPI_Request request = MPI_REQUEST_NULL;
};

// The sender's side of a stream: what MPI was not given yet.
class Outgoing {
 public:
  void add(std::string_view message) {
    const std::uint64_t length = message.size();
    bytes_.append(reinterpret_cast<const char*>(&length), sizeof(length)).append(message);
  }
  bool empty() const { return bytes_.empty(); }
  std::string take(std::size_t at_most) {
    std::string part = bytes_.substr(begin_, at_most);
    begin_ += part.size();
    if (begin_ == bytes_.size() || begin_ >= kCompact) {
      bytes_.erase(0, begin_);
      begin_ = 0;
    }
    return part;
  }

 private:
  static constexpr std::size_t kCompact = std::size_t{4} << 20;  // moving the rest is rare, and memory bounded
  std::string bytes_;
  std::size_t begin_ = 0;  // bytes before it have been taken
};

// The state of the connection to one other rank.
struct Peer {
  Outgoing outgoing;
  Transfer sending;                // the last part that was passed to MPI
  int unanswered = 0;              // parts
  std::deque<Transfer> receiving;  // parts, oldest first; growing at the end moves no buffer that MPI holds
  int to_answer = 0;               // parts
  Assembly assembly;
  bool lost = false;      // MPI reported an error, or it sent what no transport sends
  bool given_up = false;  // the caller says so
};

class MpiTransport final : public Transport {
 public:
  explicit MpiTransport(MPI_Comm world) {
    check_mpi(MPI_Comm_dup(world, &comm_), "MPI_Comm_dup");
    check_mpi(MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
    check_mpi(MPI_Comm_rank(comm_, &rank_), "MPI_Comm_rank");
    check_mpi(MPI_Comm_size(comm_, &size_), "MPI_Comm_size");
    peers_.resize(static_cast<std::size_t>(size_));
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  void send(int to, std::string bytes) override;
  std::optional<Incoming> receive() override;
  bool idle() const override;
  void give_up(int rank) override { peers_.at(static_cast<std::size_t>(rank)).given_up = true; }
  void finish(bool all_alive) override;

 private:
  Peer& at(int rank) { return peers_[static_cast<std::size_t>(rank)]; }
  void advance(int to);
  void send_answer(int to);
  void give_to_mpi(int to, std::string bytes, Tag tag);
  void match_arrivals();
  void take_answer(MPI_Message message, const MPI_Status& status);
  void begin_transfer(MPI_Message message, const MPI_Status& status);
  std::optional<Incoming> arrived_from(int from);
  bool done(Transfer& transfer, int peer, const char* direction);
  void lose(int peer, const char* what, int code) { lose(peer, what, mpi_text(code)); }
  void lose(int peer, const char* what, const std::string& why);

  MPI_Comm comm_ = MPI_COMM_NULL;
  int rank_ = 0, size_ = 1;
  std::deque<std::string> own_;  // to itself: not through MPI
  std::vector<Peer> peers_;
  int last_from_ = 0;  // the peer served last: the next one is served first
  bool finished_ = false;
};

void MpiTransport::lose(int peer, const char* what, const std::string& why) {
  if (at(peer).lost) return;
  at(peer).lost = true;
  at(peer).outgoing = {};
  tell_message(fmt::format("mtlgrid: rank {}: {} rank {}: {}; taken as lost", rank_, what, peer, why));
}

void MpiTransport::send(int to, std::string bytes) {
  if (to < 0 || to >= size_) throw Error(ErrorKind::fatal, fmt::format("message to rank {} of {}", to, size_));
  if (to == rank_) {
    own_.push_back(std::move(bytes));
  } else if (!at(to).lost) {
    at(to).outgoing.add(bytes);
    advance(to);
  }
}

// Passes to MPI what may be sent to `to` now.
void MpiTransport::advance(int to) {
  Peer& peer = at(to);
  while (!peer.lost && done(peer.sending, to, "sending to")) {
    if (peer.to_answer > 0) {
      send_answer(to);
    } else if (!peer.outgoing.empty() && peer.unanswered < kWindow) {
      ++peer.unanswered;
      give_to_mpi(to, peer.outgoing.take(kPart), kStream);
    } else {
      return;
    }
  }
}

void MpiTransport::send_answer(int to) {
  const int count = std::exchange(at(to).to_answer, 0);
  std::string bytes(sizeof(count), '\0');
  std::memcpy(bytes.data(), &count, sizeof(count));
  give_to_mpi(to, std::move(bytes), kAnswer);
}

// The transfer before must be done.
void MpiTransport::give_to_mpi(int to, std::string bytes, Tag tag) {
  Transfer& transfer = at(to).sending;
  transfer.bytes = std::move(bytes);
  const int code = MPI_Isend(transfer.bytes.data(), static_cast<int>(transfer.bytes.size()), MPI_BYTE, to, tag, comm_,
                             &transfer.request);
  if (code != MPI_SUCCESS) lose(to, "sending to", code);
}

// Whether MPI has released the transfer, by success or by error, or never had it.
bool MpiTransport::done(Transfer& transfer, int peer, const char* direction) {
  int flag = 0;
  const int code = MPI_Test(&transfer.request, &flag, MPI_STATUS_IGNORE);
  if (code == MPI_SUCCESS) return flag != 0;
  lose(peer, direction, code);
  return true;
}

// Takes every message that has been announced, up to a bound that keeps the call short.
void MpiTransport::match_arrivals() {
  constexpr int kAtMost = 256;
  for (int i = 0; i < kAtMost; ++i) {
    int flag = 0;
    MPI_Message message = MPI_MESSAGE_NULL;
    MPI_Status status{};
    check_mpi(MPI_Improbe(MPI_ANY_SOURCE, MPI_ANY_TAG, comm_, &flag, &message, &status), "MPI_Improbe");
    if (flag == 0) return;
    at(status.MPI_SOURCE).given_up = false;
    if (status.MPI_TAG != kAnswer) {
      begin_transfer(message, status);
      if (status.MPI_TAG != kStream) lose(status.MPI_SOURCE, "receiving from", "a message of no kind that is sent");
    } else {
      take_answer(message, status);
    }
  }
}

// So small that it has arrived whole: receiving it waits for nothing.
void MpiTransport::take_answer(MPI_Message message, const MPI_Status& status) {
  Peer& peer = at(status.MPI_SOURCE);
  int size = 0, count = 0;
  check_mpi(MPI_Get_count(&status, MPI_BYTE, &size), "MPI_Get_count");
  if (size != static_cast<int>(sizeof(count))) {
    begin_transfer(message, status);
    return lose(status.MPI_SOURCE, "receiving from", "an answer of " + std::to_string(size) + " bytes");
  }
  check_mpi(MPI_Mrecv(&count, size, MPI_BYTE, &message, MPI_STATUS_IGNORE), "MPI_Mrecv");
  if (count < 0 || count > peer.unanswered) {
    return lose(status.MPI_SOURCE, "receiving from", "an answer to parts that were not sent");
  }
  peer.unanswered -= count;
}

void MpiTransport::begin_transfer(MPI_Message message, const MPI_Status& status) {
  int count = 0;
  check_mpi(MPI_Get_count(&status, MPI_BYTE, &count), "MPI_Get_count");
  auto& part = at(status.MPI_SOURCE).receiving.emplace_back();
  part.bytes.resize(static_cast<std::size_t>(count));
  const int code = MPI_Imrecv(part.bytes.data(), count, MPI_BYTE, &message, &part.request);
  if (code != MPI_SUCCESS) lose(status.MPI_SOURCE, "receiving from", code);
}

// The next whole message of `from`.
std::optional<Transport::Incoming> MpiTransport::arrived_from(int from) {
  Peer& peer = at(from);
  auto message = peer.assembly.next();
  while (!message && !peer.receiving.empty() && done(peer.receiving.front(), from, "receiving from")) {
    const std::string part = std::move(peer.receiving.front().bytes);
    peer.receiving.pop_front();
    if (peer.lost) continue;  // its bytes cannot be trusted
    try {
      peer.assembly.add(part);
    } catch (const Error& e) {
      lose(from, "receiving from", e.what());
      continue;
    }
    ++peer.to_answer;
    message = peer.assembly.next();
  }
  if (!message || peer.lost) return std::nullopt;
  return Incoming{from, std::move(*message)};
}

std::optional<Transport::Incoming> MpiTransport::receive() {
  match_arrivals();
  std::optional<Incoming> message;
  if (!own_.empty()) {
    message = Incoming{rank_, std::move(own_.front())};
    own_.pop_front();
  }
  // One peer's messages in their order; among peers, round robin.
  for (int i = 1; i <= size_ && !message; ++i) {
    const int from = (last_from_ + i) % size_;
    message = arrived_from(from);
    if (message) last_from_ = from;
  }
  // Before the message is returned: the caller may leave upon it, and its sender waits for the answer.
  for (int to = 0; to < size_; ++to) advance(to);
  return message;
}

bool MpiTransport::idle() const {
  return std::all_of(peers_.begin(), peers_.end(), [](const Peer& peer) {
    return peer.lost || peer.given_up || (peer.outgoing.empty() && peer.unanswered == 0);
  });
}

void MpiTransport::finish(bool all_alive) {
  if (finished_) return;
  finished_ = true;
  if (!all_alive) return;
  // MPI_Finalize waits for every rank, so what is still on its way then arrives.
  check_mpi(MPI_Finalize(), "MPI_Finalize");
}

bool started_by_launcher() {
  const char* size = std::getenv("OMPI_COMM_WORLD_SIZE");
  if (size != nullptr && std::strtol(size, nullptr, 10) > 0) return true;
  if (std::getenv("PMIX_RANK") != nullptr) return true;
#ifndef OPEN_MPI  // MPICH and its descendants; Slurm sets it for Open MPI too, where it would mean nothing
  if (std::getenv("PMI_RANK") != nullptr) return true;
#endif
  return false;
}

}  // namespace

std::unique_ptr<Transport> make_mpi_transport(int* argc, char*** argv) {
  if (!started_by_launcher()) return nullptr;
  int initialized = 0, provided = 0;
  check_mpi(MPI_Initialized(&initialized), "MPI_Initialized");
  if (initialized == 0) {
#ifdef OPEN_MPI
    setenv("OMPI_MCA_btl_tcp_sndbuf", kSocketBuffer, 0);
#endif
    check_mpi(MPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, &provided), "MPI_Init_thread");
  }
  // Errors that MPI ties to no communicator of ours are raised on these two.
  check_mpi(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  check_mpi(MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  return std::make_unique<MpiTransport>(MPI_COMM_WORLD);
}

}  // namespace mtlgrid

// The transport over MPI: point-to-point and non-blocking; the one collective is MPI_Comm_dup at start-up.
//
// A large message is received in two steps, matched (MPI_Improbe) and then transferred (MPI_Imrecv): the transfer
// needs the sender's cooperation, so a plain MPI_Recv would wait for a sender that is busy, and for ever for one that
// died. Requests of a dead peer never complete; they are kept, and nothing waits for them.
#include <fmt/format.h>
#include <mpi.h>

#include <array>
#include <cstdlib>
#include <deque>
#include <limits>
#include <map>
#include <set>
#include <source_location>

#include "cluster/transport.h"
#include "datasets/errors.h"

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
  throw Error(ErrorKind::fatal, fmt::format("{}:{}: {}: {}", at.file_name(), at.line(), call, mpi_text(code)));
}

// A message on its way, either direction. `bytes` is lent to MPI until the request completes: never moved before.
struct Transfer {
  std::string bytes;
  MPI_Request request = MPI_REQUEST_NULL;
};

class MpiTransport final : public Transport {
 public:
  explicit MpiTransport(MPI_Comm world) {
    check_mpi(MPI_Comm_dup(world, &comm_), "MPI_Comm_dup");
    check_mpi(MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
    check_mpi(MPI_Comm_rank(comm_, &rank_), "MPI_Comm_rank");
    check_mpi(MPI_Comm_size(comm_, &size_), "MPI_Comm_size");
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  void send(int to, std::string bytes) override;
  std::optional<Incoming> receive() override;
  bool idle() const override;
  void finish(bool all_alive) override;

 private:
  void reap_sends();
  void match_arrivals();
  bool done(Transfer& transfer, int peer, const char* direction);
  void lost(int peer, const char* what, int code);

  MPI_Comm comm_ = MPI_COMM_NULL;
  int rank_ = 0, size_ = 1;
  std::deque<std::string> own_;  // to itself: not through MPI
  // By peer, oldest first. deque: growing at the end moves no buffer that MPI holds.
  std::map<int, std::deque<Transfer>> sending_, receiving_;
  std::set<int> lost_;  // peers that MPI reported an error of
  int last_from_ = -1;  // the peer served last: the next one is served first
  bool finished_ = false;
};

void MpiTransport::lost(int peer, const char* what, int code) {
  if (lost_.insert(peer).second) {
    fmt::print(stderr, "mtlgrid: rank {}: {} rank {}: {}; taken as lost\n", rank_, what, peer, mpi_text(code));
  }
}

void MpiTransport::send(int to, std::string bytes) {
  if (to < 0 || to >= size_) throw Error(ErrorKind::fatal, fmt::format("message to rank {} of {}", to, size_));
  if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    throw Error(ErrorKind::fatal, fmt::format("message of {} bytes is too long for MPI", bytes.size()));
  }
  if (to == rank_) {
    own_.push_back(std::move(bytes));
    return;
  }
  if (lost_.contains(to)) return;
  auto& transfer = sending_[to].emplace_back(Transfer{std::move(bytes)});
  const int code = MPI_Isend(transfer.bytes.data(), static_cast<int>(transfer.bytes.size()), MPI_BYTE, to, 0, comm_,
                             &transfer.request);
  if (code == MPI_SUCCESS) return;
  sending_[to].pop_back();
  lost(to, "sending to", code);
}

// Whether MPI has let go of the transfer, by success or by error.
bool MpiTransport::done(Transfer& transfer, int peer, const char* direction) {
  int flag = 0;
  const int code = MPI_Test(&transfer.request, &flag, MPI_STATUS_IGNORE);
  if (code == MPI_SUCCESS) return flag != 0;
  lost(peer, direction, code);
  return true;
}

// Only the oldest send of a peer is tested: a later one that is complete holds its buffer a little longer.
void MpiTransport::reap_sends() {
  for (auto& [to, queue] : sending_) {
    while (!queue.empty() && done(queue.front(), to, "sending to")) queue.pop_front();
  }
}

// Begins the transfer of every message that has been announced, up to a bound that keeps the call short.
void MpiTransport::match_arrivals() {
  constexpr int kAtMost = 64;
  for (int i = 0; i < kAtMost; ++i) {
    int flag = 0, count = 0;
    MPI_Message message = MPI_MESSAGE_NULL;
    MPI_Status status{};
    check_mpi(MPI_Improbe(MPI_ANY_SOURCE, 0, comm_, &flag, &message, &status), "MPI_Improbe");
    if (flag == 0) return;
    check_mpi(MPI_Get_count(&status, MPI_BYTE, &count), "MPI_Get_count");
    const int from = status.MPI_SOURCE;
    auto& transfer = receiving_[from].emplace_back(Transfer{std::string(static_cast<std::size_t>(count), '\0')});
    const int code = MPI_Imrecv(transfer.bytes.data(), count, MPI_BYTE, &message, &transfer.request);
    if (code == MPI_SUCCESS) continue;
    receiving_[from].pop_back();
    lost(from, "receiving from", code);
  }
}

std::optional<Transport::Incoming> MpiTransport::receive() {
  reap_sends();
  match_arrivals();
  if (!own_.empty()) {
    Incoming message{rank_, std::move(own_.front())};
    own_.pop_front();
    return message;
  }
  // One peer's messages in their order; among peers, round robin.
  auto peer = receiving_.upper_bound(last_from_);
  for (std::size_t i = 0; i < receiving_.size(); ++i, ++peer) {
    if (peer == receiving_.end()) peer = receiving_.begin();
    auto& [from, queue] = *peer;
    if (queue.empty() || !done(queue.front(), from, "receiving from")) continue;
    last_from_ = from;
    Incoming message{from, std::move(queue.front().bytes)};
    queue.pop_front();
    if (!lost_.contains(from)) return message;
  }
  return std::nullopt;
}

bool MpiTransport::idle() const {
  for (const auto& [to, queue] : sending_) {
    if (!queue.empty() && !lost_.contains(to)) return false;
  }
  return true;
}

void MpiTransport::finish(bool all_alive) {
  if (finished_) return;
  finished_ = true;
  if (!all_alive) return;
  // MPI_Finalize waits for every rank, so every send has been received once it is entered by all.
  check_mpi(MPI_Finalize(), "MPI_Finalize");
}

bool started_by_launcher() {
  const char* size = std::getenv("OMPI_COMM_WORLD_SIZE");
  if (size != nullptr && std::atoi(size) > 0) return true;
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
    check_mpi(MPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, &provided), "MPI_Init_thread");
  }
  // Errors that MPI ties to no communicator of ours are raised on these two.
  check_mpi(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  check_mpi(MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  return std::make_unique<MpiTransport>(MPI_COMM_WORLD);
}

}  // namespace mtlgrid

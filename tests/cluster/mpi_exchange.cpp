// Run under `mpirun -n 3`: MODE FOLDER. Each rank that saw everything it should leaves FOLDER/rank-R.ok, since mpirun's
// own status says nothing once a rank was lost. MODE `exchange`: order, large messages, stalled peers, finish. MODE
// `loss`: rank 2 kills itself in the middle of a large message. MODE `forged-KIND`: rank 2 sends what no transport
// sends.
#include <mpi.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <source_location>
#include <string>
#include <vector>

#include "cluster/mpi_transport.h"

namespace {

using mtlgrid::Transport;

constexpr std::size_t kLarge = 20'000'000;  // far beyond every eager limit: needs the receiver's cooperation
constexpr int kSmallMessages = 1000;

void check(bool right, const char* what, const std::source_location& at = std::source_location::current()) {
  if (right) return;
  std::fprintf(stderr, "line %u: %s\n", static_cast<unsigned>(at.line()), what);
  _exit(1);
}

// Message n on the way from a to b: sizes from nothing to beyond the eager limits, content that tells it apart.
std::string numbered(int n, int a, int b) {
  const std::string head = std::to_string(n) + " " + std::to_string(a) + ">" + std::to_string(b) + " ";
  if (n % 10 == 3) return {};
  return head + std::string(static_cast<std::size_t>(n % 7 == 0 ? 100'000 : n), static_cast<char>('a' + n % 26));
}
std::string large(int from) { return std::string(kLarge, static_cast<char>('A' + from)); }

class Node {
 public:
  Node(Transport& transport, std::filesystem::path folder) : transport_(transport), folder_(std::move(folder)) {}
  int rank() const { return transport_.rank(); }
  int size() const { return transport_.size(); }
  void send(int to, std::string bytes) { transport_.send(to, std::move(bytes)); }
  bool idle() const { return transport_.idle(); }
  void give_up(int lost) { transport_.give_up(lost); }

  // Collects what has arrived.
  void turn() {
    bool any = false;
    while (auto message = transport_.receive()) {
      any = true;
      arrived_[message->from].push_back(std::move(message->bytes));
    }
    if (!any) usleep(200);
  }
  // Turns until `done`; a rank that waits for a minute has failed.
  void until(const char* what, const std::function<bool()>& done) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (!done()) {
      check(std::chrono::steady_clock::now() < end, what);
      turn();
    }
  }
  bool has(int from) { return !arrived_[from].empty(); }
  // The next message from `from`.
  std::string take(int from) {
    until("no message came", [&] { return has(from); });
    std::string bytes = std::move(arrived_[from].front());
    arrived_[from].pop_front();
    return bytes;
  }
  // Flags outside MPI: a rank that waits for one makes no progress on its messages.
  void raise_flag(const std::string& name) { std::ofstream(folder_ / name) << rank(); }
  bool flag(const std::string& name) const { return std::filesystem::exists(folder_ / name); }
  void wait_without_progress(const std::string& name) const {
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (!flag(name)) {
      check(std::chrono::steady_clock::now() < end, name.c_str());
      usleep(1000);
    }
  }

 private:
  Transport& transport_;
  std::filesystem::path folder_;
  std::map<int, std::deque<std::string>> arrived_;
};

// Each of `ranks` to each, itself included.
void numbered_messages(Node& node, const std::vector<int>& ranks) {
  for (int n = 0; n < kSmallMessages; ++n) {
    for (int to : ranks) node.send(to, numbered(n, node.rank(), to));
  }
  for (int from : ranks) {
    for (int n = 0; n < kSmallMessages; ++n) {
      check(node.take(from) == numbered(n, from, node.rank()), "order or content");
    }
  }
}

void large_messages(Node& node, const std::vector<int>& ranks) {
  for (int to : ranks) node.send(to, large(node.rank()));
  for (int from : ranks) check(node.take(from) == large(from), "large message");
}

// Rank 1 receives nothing while rank 0, with 20 MB on the way to it, talks with rank 2.
void a_deaf_receiver_blocks_nobody(Node& node) {
  if (node.rank() == 0) {
    node.until("the flag", [&] { return node.flag("deaf"); });
    node.send(1, large(0));
    node.send(2, "ping");
    check(node.take(2) == "pong", "pong");
    check(!node.idle(), "20 MB left without a receiver");
    node.raise_flag("talked");
    node.until("idle", [&] { return node.idle(); });
  } else if (node.rank() == 1) {
    node.raise_flag("deaf");
    node.wait_without_progress("talked");
    check(node.take(0) == large(0), "late large message");
  } else {
    check(node.take(0) == "ping", "ping");
    node.send(0, "pong");
  }
}

// Rank 2 begins a large message and then does nothing; rank 0 continues to receive from rank 1.
void a_stalled_sender_blocks_nobody(Node& node) {
  if (node.rank() == 0) {
    for (int n = 0; n < kSmallMessages; ++n) check(node.take(1) == std::to_string(n), "number");
    node.raise_flag("heard");
    check(node.take(2) == large(2), "stalled large message");
  } else if (node.rank() == 1) {
    node.until("the flag", [&] { return node.flag("stalled"); });
    for (int n = 0; n < kSmallMessages; ++n) node.send(0, std::to_string(n));
  } else {
    node.send(0, large(2));
    node.raise_flag("stalled");
    node.wait_without_progress("heard");
  }
  node.until("idle", [&] { return node.idle(); });
}

// Nobody leaves before it has heard from those it talked with.
void goodbye(Node& node, const std::vector<int>& ranks) {
  for (int to : ranks) node.send(to, "bye");
  for (int from : ranks) check(node.take(from) == "bye", "goodbye");
  node.until("idle", [&] { return node.idle(); });
}

// Whether the process has ended; one that its parent has not collected has.
bool is_gone(int pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  if (!std::getline(stat, line)) return true;
  return line.compare(line.rfind(')') + 2, 1, "Z") == 0;
}

void die_in_the_middle(Node& node) {
  for (int to : {0, 1}) node.send(to, std::to_string(getpid()));
  for (int from : {0, 1}) check(node.take(from) == "known", "pid is known");
  for (int to : {0, 1}) node.send(to, large(2));
  std::raise(SIGKILL);
}

void outlive_a_rank(Node& node) {
  const int pid = std::atoi(node.take(2).c_str());
  node.send(2, "known");
  node.send(2, large(node.rank()));  // on its way when it dies
  node.until("its death", [&] { return is_gone(pid); });
  for (int n = 0; n < kSmallMessages; ++n) node.send(2, numbered(n, node.rank(), 2));
  node.send(2, large(node.rank()));
  numbered_messages(node, {0, 1});
  large_messages(node, {0, 1});
  check(!node.idle(), "messages to a dead rank cannot have arrived");
  node.give_up(2);
  goodbye(node, {0, 1});
  while (node.has(2)) check(node.take(2) == large(2), "a part of a message of a rank that died");
}

// A rank without a transport: it only takes part in the one collective call.
void forge(const std::string& kind, const std::filesystem::path& folder) {
  MPI_Comm comm = MPI_COMM_NULL;
  MPI_Init(nullptr, nullptr);
  MPI_Comm_dup(MPI_COMM_WORLD, &comm);
  std::string bytes(64, '\xff');  // a message of 2^64 - 1 bytes
  if (kind == "forged-beginning") bytes.assign(3, 'x');
  if (kind == "forged-number") bytes.assign(sizeof(int), '\x7f');
  const int tag = kind == "forged-tag" ? 7 : kind == "forged-answer" || kind == "forged-number" ? 1 : 0;
  for (int to : {0, 1}) {
    for (int n = 0; n < 5; ++n) MPI_Send(bytes.data(), static_cast<int>(bytes.size()), MPI_BYTE, to, tag, comm);
  }
  std::ofstream(folder / "forged") << kind;
  _exit(0);
}

void pass_over_a_forger(Node& node) {
  node.until("what was forged", [&] { return node.flag("forged"); });
  node.send(2, large(node.rank()));
  numbered_messages(node, {0, 1});
  large_messages(node, {0, 1});
  node.give_up(2);
  goodbye(node, {0, 1});
  check(!node.has(2), "a forged message");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::string mode = argv[1], rank = std::getenv("OMPI_COMM_WORLD_RANK");
  const bool forged = mode.rfind("forged", 0) == 0;
  if (forged && rank == "2") forge(mode, argv[2]);
  const auto transport = mtlgrid::make_mpi_transport(&argc, &argv);
  check(transport != nullptr, "no MPI transport under mpirun");
  check(transport->size() == 3, "3 ranks expected");
  Node node(*transport, argv[2]);
  if (mode == "exchange") {
    numbered_messages(node, {0, 1, 2});
    large_messages(node, {0, 1, 2});
    node.until("idle", [&] { return node.idle(); });  // a send needs its sender: rank 1 is about to fall silent
    a_deaf_receiver_blocks_nobody(node);
    a_stalled_sender_blocks_nobody(node);
    goodbye(node, {0, 1, 2});
    transport->finish(true);
  } else if (forged) {
    pass_over_a_forger(node);
    transport->finish(false);
  } else if (node.rank() == 2) {
    die_in_the_middle(node);
  } else {
    outlive_a_rank(node);
    transport->finish(false);
  }
  node.raise_flag("rank-" + std::to_string(node.rank()) + ".ok");
  _exit(0);
}

#include "cluster/loopback_transport.h"

#include <deque>

#include "base/errors.h"

namespace mtlgrid {
namespace {

class LoopbackTransport final : public Transport {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }

  void send(int to, std::string bytes) override {
    if (to != 0) throw Error(ErrorKind::fatal, "message to rank " + std::to_string(to) + " of 1");
    queue_.push_back(std::move(bytes));
  }

  std::optional<Incoming> receive() override {
    if (queue_.empty()) return std::nullopt;
    Incoming message{0, std::move(queue_.front())};
    queue_.pop_front();
    return message;
  }

  bool idle() const override { return true; }
  void finish(bool) override {}

 private:
  std::deque<std::string> queue_;
};

}  // namespace

std::unique_ptr<Transport> make_loopback_transport() { return std::make_unique<LoopbackTransport>(); }

}  // namespace mtlgrid

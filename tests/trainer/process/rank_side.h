// The rank's side of a conversation with a trainer: the pipes, and the messages it sends.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "trainer/contract/pipe_messages.h"

namespace mtlgrid::testing {

// The rank's side of the pipes.
class Rank {
 public:
  Rank() {
    if (::pipe2(to_, O_CLOEXEC) != 0 || ::pipe2(from_, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  }
  Rank(const Rank&) = delete;
  Rank& operator=(const Rank&) = delete;
  ~Rank() {
    for (int fd : {to_[0], to_[1], from_[0], from_[1]}) {
      if (fd >= 0) ::close(fd);
    }
  }
  int trainer_in() const { return to_[0]; }
  int trainer_out() const { return from_[1]; }
  void send(const nlohmann::json& message) { send_bytes(encode_frame(message)); }
  void send_bytes(const std::string& bytes) {
    ASSERT_EQ(::write(to_[1], bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }
  void hang_up() { drop(to_[1]); }
  void close_trainer_ends() {
    drop(to_[0]);
    drop(from_[1]);
  }
  // The next message; null at the end of the pipe or after a minute of silence.
  nlohmann::json next() {
    for (;;) {
      if (auto message = reader_.next()) return *message;
      pollfd p = {from_[0], POLLIN, 0};
      if (::poll(&p, 1, 60000) <= 0) return nullptr;
      std::array<char, 65536> bytes;
      const ssize_t n = ::read(from_[0], bytes.data(), bytes.size());
      if (n <= 0) return nullptr;
      reader_.feed({bytes.data(), static_cast<std::size_t>(n)});
    }
  }

 private:
  static void drop(int& fd) {
    ::close(fd);
    fd = -1;
  }
  int to_[2], from_[2];
  FrameReader reader_;
};

inline nlohmann::json pack_message(const std::vector<std::string>& methods) {
  TrainPack pack;
  for (const std::string& method : methods) pack.members.push_back({{"MSI", "LF", method, 0}, 4, "/nowhere", {}});
  return encode_message(pack);
}

inline nlohmann::json train_message(const std::string& method) { return pack_message({method}); }

inline nlohmann::json train_message(const Train& train) { return encode_message(TrainPack{{train}}); }

inline nlohmann::json stage_message(const std::string& id) { return encode_message(Stage{id, 1, 2, {0, 1}, 300}); }

}  // namespace mtlgrid::testing

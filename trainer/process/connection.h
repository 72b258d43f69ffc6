// Messages over a pair of file descriptors, from the trainer's side. No torch.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "trainer/contract/pipe_messages.h"

namespace mtlgrid {

class Connection {
 public:
  Connection(int in, int out) : in_(in), out_(out) {}

  // The next message; nullopt at the end of the pipe. Waits without a time limit. Throws Error(fatal) if the pipe
  // breaks or ends within a message.
  std::optional<nlohmann::json> wait();
  // The next message if one has arrived. Ends the process if the pipe has ended.
  std::optional<nlohmann::json> poll_now();
  // Ends the process if the rank has closed its end.
  void send(const nlohmann::json& message);

 private:
  bool read_some(int timeout);

  int in_, out_;
  FrameReader reader_{DecodeLimits{}};  // the experiment may be larger than any report
  bool closed_ = false;
};

}  // namespace mtlgrid

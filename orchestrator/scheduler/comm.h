// Where the messages of the coordinator go, and those of a worker to it.
#pragma once

#include <nlohmann/json.hpp>

namespace mtlgrid {

// Sending never fails: leases find out who is gone.
class Comm {
 public:
  virtual ~Comm() = default;
  virtual void send(int worker, const nlohmann::json& message) = 0;
};

}  // namespace mtlgrid

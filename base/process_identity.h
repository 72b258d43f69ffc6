// Which process this is, in terms that processes of other hosts can read in a lock file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace mtlgrid {

// The real system; tests override single calls.
class ProcessIdentity {
 public:
  virtual ~ProcessIdentity() = default;
  // The host's name; "unknown" where the system does not say.
  virtual std::string host();
  // Changes with every boot and differs between hosts and process namespaces: process ids may be compared only between
  // processes with the same machine().
  virtual std::string machine();
  // This process's id.
  virtual std::int64_t process();
  // When process `id` started, in ticks since boot; only its equality has a meaning, since ids are used again. nullopt
  // if no such process is running (a zombie has ended).
  virtual std::optional<std::string> process_start(std::int64_t id);
};

}  // namespace mtlgrid

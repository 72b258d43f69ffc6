// What the store asks of the operating system: the seam through which tests inject errors, clocks and hosts.
#pragma once

#include "base/clock.h"
#include "base/file_calls.h"
#include "base/files.h"
#include "base/process_identity.h"

namespace mtlgrid {

// Files, clocks and process identity in one object. A function that needs one of the three takes that base alone.
class Platform : public FileCalls, public Clock, public ProcessIdentity {
 public:
  // The real operating system. Stateless, so any thread may use it at any time.
  static Platform& real();
};

}  // namespace mtlgrid

// Problems of many rows or files, told as one line for each cause.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "base/errors.h"

namespace mtlgrid {

// Collects what is wrong with single rows, values or files, and reports each cause once: where, what, how often, up to
// three examples, and what to do.
class Causes {
 public:
  // One more case of `cause`. `example` names the case: "row 17", "'[Not Available]' in row 17", "slide7.h5"; an
  // example that was added before counts once more but is shown once. `advice` is what to do, the same for all cases of
  // a cause (the first one counts); may be empty.
  void add(const std::string& cause, const std::string& example, const std::string& advice = "");
  bool empty() const { return causes_.empty(); }
  // Adds one line for each cause, in the order in which they were first added:
  //   WHERE: CAUSE (row 17); ADVICE
  //   WHERE: CAUSE (133 times: row 2, row 5, row 9, ...); ADVICE
  void report(const std::string& where, Problems& problems) const;

 private:
  struct Cause {
    std::string text, advice;
    std::size_t count = 0;
    std::vector<std::string> examples;  // different ones, the first three
    bool more = false;                  // there are further ones
  };
  std::vector<Cause> causes_;
  std::map<std::string, std::size_t> index_;  // text to position in causes_
};

}  // namespace mtlgrid

#include "base/causes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace mtlgrid {
namespace {

constexpr std::size_t kExamples = 3;

}  // namespace

void Causes::add(const std::string& cause, const std::string& example, const std::string& advice) {
  const auto [entry, first] = index_.emplace(cause, causes_.size());
  if (first) causes_.push_back({cause, advice, 0, {}, false});
  Cause& c = causes_[entry->second];
  ++c.count;
  if (std::find(c.examples.begin(), c.examples.end(), example) != c.examples.end()) return;
  if (c.examples.size() < kExamples) {
    c.examples.push_back(example);
  } else {
    c.more = true;
  }
}

void Causes::report(const std::string& where, Problems& problems) const {
  for (const Cause& c : causes_) {
    const std::string examples = fmt::format("{}{}", fmt::join(c.examples, ", "), c.more ? ", ..." : "");
    problems.add(fmt::format("{}: {} ({}{}){}{}", where, c.text, c.count > 1 ? fmt::format("{} times: ", c.count) : "",
                             examples, c.advice.empty() ? "" : "; ", c.advice));
  }
}

}  // namespace mtlgrid

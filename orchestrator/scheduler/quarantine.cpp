#include "orchestrator/scheduler/quarantine.h"

namespace mtlgrid {

bool Quarantine::strike(const std::string& host, std::size_t index) {
  bad_[host].insert(index);
  return strikes_ > 0 && !holds(host) && bad_[host].size() >= static_cast<std::size_t>(strikes_);
}

bool Quarantine::succeed(const std::string& host) {
  bad_.erase(host);
  return held_.erase(host) > 0;
}

std::vector<std::size_t> Quarantine::hold(const std::string& host) {
  held_.insert(host);
  return {bad_[host].begin(), bad_[host].end()};
}

void Quarantine::lift(const std::string& host) {
  held_.erase(host);
  bad_.erase(host);
}

std::optional<std::string> Quarantine::take_back(std::size_t index) {
  for (const std::string& host : held_) {
    if (bad_[host].erase(index) == 0 || bad_[host].size() >= static_cast<std::size_t>(strikes_)) continue;
    std::optional<std::string> innocent = host;
    lift(*innocent);
    return innocent;
  }
  return std::nullopt;
}

}  // namespace mtlgrid

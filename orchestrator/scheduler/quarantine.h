// Hosts on which cell after cell ends badly: a broken driver, a full local disk, a clock or memory gone wrong. Whose
// fault it is shows elsewhere: what ends badly there too is the cell's own.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace mtlgrid {

class Quarantine {
 public:
  // `strikes`: different cells that end badly on a host, without one that is done there in between, before it is under
  // suspicion; 0: never.
  explicit Quarantine(int strikes) : strikes_(strikes) {}

  // `index` has failed on `host`, or its trainer died there. Whether the host is under suspicion now (and not held
  // yet).
  bool strike(const std::string& host, std::size_t index);
  // A cell was done on `host`: those that ended badly there were at fault themselves. Whether the host was held.
  bool succeed(const std::string& host);
  // The host gets no more cells; returns those that ended badly there, which are to be tried elsewhere.
  std::vector<std::size_t> hold(const std::string& host);
  void lift(const std::string& host);
  // The cell, whose fault it was thought not to be, has failed on another host too, so it no longer counts against the
  // first one. Returns that host if it is no longer under suspicion and was held.
  std::optional<std::string> take_back(std::size_t index);

  bool holds(const std::string& host) const { return held_.count(host) != 0; }
  const std::set<std::string>& held() const { return held_; }

 private:
  int strikes_;
  std::map<std::string, std::set<std::size_t>> bad_;  // of each host, since it last succeeded
  std::set<std::string> held_;
};

}  // namespace mtlgrid

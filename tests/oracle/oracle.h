// The fixtures of this folder, read.
#pragma once

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/random.h"

namespace mtlgrid {

// The fixture `name` ("folds.json"), read once and kept: tests may walk through any part of it. Throws
// std::runtime_error if it is not there.
inline const nlohmann::json& oracle_file(const std::string& name) {
  static std::map<std::string, nlohmann::json> files;
  if (const auto found = files.find(name); found != files.end()) return found->second;
  std::ifstream in(std::string(MTLGRID_ORACLE "/") + name);
  if (!in) throw std::runtime_error("no fixture " + name);
  return files.emplace(name, nlohmann::json::parse(in)).first->second;
}

// A stream of streams.json, and what streams.py makes of it.
struct StreamCase {
  RandomStream stream;
  const nlohmann::json& expected;
};

inline std::vector<StreamCase> stream_cases() {
  std::vector<StreamCase> cases;
  for (const auto& c : oracle_file("streams.json").at("cases")) {
    RandomStream stream(std::stoull(c["seed"].get<std::string>()), c["name"].get<std::string>());
    for (const std::uint64_t child : c["children"]) stream = stream.child(child);
    cases.push_back({stream, c});
  }
  return cases;
}

}  // namespace mtlgrid

// STORE.progress: the status of a running grid, for `mtlgrid status` (docs/store-internals.md).
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

namespace mtlgrid {

// Keeps the file, replaced as a whole every two seconds, or less often where making it takes long. Removes it when the
// run ends in good order; after a kill it stays, and is stale.
class LiveFile {
 public:
  // `status` makes the content; `say` takes one line for people: a file that cannot be written is told of once, and
  // ends nothing.
  LiveFile(std::filesystem::path file, std::function<nlohmann::json()> status,
           std::function<void(const std::string&)> say);
  LiveFile(const LiveFile&) = delete;
  LiveFile& operator=(const LiveFile&) = delete;
  ~LiveFile();  // removes the file
  // To be called often. `now`: steady seconds.
  void at(double now);

 private:
  void write() const;

  std::filesystem::path file_;
  std::function<nlohmann::json()> status_;
  std::function<void(const std::string&)> say_;
  double next_ = -1e300;
  bool told_ = false;
};

}  // namespace mtlgrid

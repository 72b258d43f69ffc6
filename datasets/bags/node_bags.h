// One bag file for each node, shared by its trainer processes: one builds it, the others wait, the last removes it.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "datasets/bags/bag_file.h"
#include "datasets/bags/lock_wait.h"

namespace mtlgrid {

struct NodeBagsSettings {
  std::filesystem::path folder;  // on a disk of the node
  bool keep = false;             // false: the last process to end removes the file
  LockPatience patience{};
};

// $TMPDIR, or /tmp if it is not set.
std::filesystem::path default_bag_folder();

// A process's share of the node's bag file. While an object exists in any process, the file is not removed.
class NodeBags {
 public:
  // Builds the file of the sources, replacing one that cannot be used. Called under the lock; throws Error.
  using Build = std::function<void(const std::filesystem::path& file)>;

  // Opens the node's file of `sources`. The first process of the node builds it, under a lock that the others wait for.
  // A file that is damaged, another user's or of other bags is reported to `say` and built again. Returns nullptr, and
  // the reason to `say`, if there can be no file (no room, folder not writable, a process that holds the lock and makes
  // no progress); the caller then reads the feature files. `check` is called while another process builds, and after
  // building failed; it throws an Error, on every call from then on, to end the wait, and that Error is passed on.
  static std::unique_ptr<NodeBags> open(const NodeBagsSettings& settings, const std::vector<BagSource>& sources,
                                        const Build& build, const std::function<void(const std::string&)>& say,
                                        const std::function<void()>& check = {});
  NodeBags(const NodeBags&) = delete;
  NodeBags& operator=(const NodeBags&) = delete;
  ~NodeBags();

  BagFile& file() { return *bags_; }

 private:
  NodeBags(std::filesystem::path file, const NodeBagsSettings& settings, std::unique_ptr<BagFile> bags);

  std::filesystem::path file_;
  bool keep_;
  LockPatience patience_;          // at the end
  std::unique_ptr<BagFile> bags_;  // its descriptor is locked shared by every process that uses the file
};

}  // namespace mtlgrid

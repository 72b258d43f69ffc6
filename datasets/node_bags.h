// One bag file a node, shared by its trainer processes: who builds it, who waits, who removes it.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "datasets/bag_file.h"

namespace mtlgrid {

struct NodeBagsSettings {
  std::filesystem::path folder;  // on a disk of the node
  bool keep = false;             // false: the last process to end removes the file
};

// $TMPDIR, /tmp where there is none.
std::filesystem::path default_bag_folder();

// A process's hold on the node's bag file. While it lives the file is not removed.
class NodeBags {
 public:
  // Makes the file in place of nothing or of one that is not good. Called under the lock; throws Error.
  using Build = std::function<void(const std::filesystem::path& file, const std::string& key)>;

  // Maps the node's file of `sources`; the first process of the node builds it first, under a lock that the others
  // wait for. One that is damaged or not ours is reported to `say` and made anew. nullptr, and the reason to `say`,
  // where it cannot be had (no room, folder not writable): bags are then to be read from their files. `check` is called
  // while others are waited for and when building has failed; what it throws, an Error, and goes on throwing, is thrown
  // on.
  static std::unique_ptr<NodeBags> open(const NodeBagsSettings& settings, const std::vector<BagSource>& sources,
                                        const Build& build, const std::function<void(const std::string&)>& say,
                                        const std::function<void()>& check = {});
  NodeBags(const NodeBags&) = delete;
  NodeBags& operator=(const NodeBags&) = delete;
  ~NodeBags();

  BagFile& file() { return *bags_; }

 private:
  NodeBags(std::filesystem::path file, std::filesystem::path lock_name, bool keep, std::unique_ptr<BagFile> bags);

  std::filesystem::path file_, lock_name_;
  bool keep_;
  FileDescriptor use_;  // of the bag file itself, locked shared by every process that uses it
  std::unique_ptr<BagFile> bags_;
};

}  // namespace mtlgrid

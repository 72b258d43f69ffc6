// A bag file of two cohorts' features in folders of its own, and what was said about it.
#pragma once

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "datasets/bags/node_bags.h"
#include "datasets/bags/patient_bag.h"
#include "datasets/synthetic/synth_features.h"
#include "tests/datasets/support.h"

namespace mtlgrid::testing {

inline constexpr std::int64_t kWidth = 3;

// Two cohorts, patients with one or two slides; all values of the bags differ.
class BagFileTest : public ::testing::Test {
 protected:
  BagFileTest() {
    add(0, 0, {2, 1});
    add(0, 3, {5});
    add(1, 1, {7, 4});
    std::filesystem::create_directories(cache);
  }

  void add(std::uint32_t cohort, std::uint32_t patient, const std::vector<int>& slides) {
    BagSource source{cohort, patient, fmt::format("C{}", cohort), fmt::format("P{}", patient), kWidth, {}};
    for (const int tiles : slides) {
      const std::filesystem::path file = folder / fmt::format("{}.h5", files_++);
      write_slide(file, tiles);
      source.files.push_back(known(file));
    }
    sources.push_back(source);
  }
  void write_slide(const std::filesystem::path& file, int tiles) {
    std::vector<std::uint16_t> values(static_cast<std::size_t>(tiles * kWidth));
    for (auto& v : values) v = next_++;
    write_features(file, values, kWidth, StampLayout::v2, "test");
  }

  NodeBags::Build build(BagDisk& disk = BagDisk::real()) {
    return [this, &disk](const std::filesystem::path& file) {
      ++built;
      write_bag_file(file, sources, disk, say);
    };
  }
  std::unique_ptr<NodeBags> open(bool keep = false, BagDisk& disk = BagDisk::real()) {
    return NodeBags::open({cache, keep, patience}, sources, build(disk), say);
  }
  // Suffixes of the files in the cache folder.
  std::vector<std::string> listing() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(cache))
      names.push_back(entry.path().extension().string());
    std::sort(names.begin(), names.end());
    return names;
  }
  std::filesystem::path file() const {
    return cache / fmt::format("mtlgrid-bags-{}-{}", ::geteuid(), bag_key(sources));
  }
  void flip(std::uint64_t offset) {
    std::string bytes = read_text(file());
    bytes.at(offset) ^= 1;
    write_text(file(), bytes);
  }

  TempFolder folder;
  std::filesystem::path cache = folder / "cache";
  std::vector<BagSource> sources;
  std::vector<std::string> said;
  std::function<void(const std::string&)> say = [this](const std::string& line) { said.push_back(line); };
  LockPatience patience;
  int built = 0;

 private:
  int files_ = 0;
  std::uint16_t next_ = 0x3c00;
};

inline constexpr std::uint64_t kFirstBag = 192;  // after the header and three lines of 32 bytes, at a multiple of 64

inline bool has(BagFile& file, std::uint32_t cohort, std::uint32_t patient) {
  Bag bag;
  return file.read(cohort, patient, bag);
}

inline bool equal_bags(BagFile& file, const std::vector<BagSource>& sources) {
  for (const BagSource& source : sources) {
    Bag copy;
    const Bag bag = read_patient_bag("C", "P", source.files, kWidth);
    if (!file.read(source.cohort, source.patient, copy) || copy.tiles != bag.tiles || copy.width != bag.width ||
        copy.values != bag.values) {
      return false;
    }
  }
  return true;
}

}  // namespace mtlgrid::testing

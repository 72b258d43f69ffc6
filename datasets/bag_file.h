// Bags of all patients in one file that every process of a node maps into memory. Byte by byte: docs/bag-file.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/files.h"
#include "datasets/features.h"

namespace mtlgrid {

// A patient whose bag goes into the file, and its feature files. (cohort, patient) are the caller's numbers; lists of
// sources are ascending by them.
struct BagSource {
  std::uint32_t cohort = 0, patient = 0;
  std::string cohort_name, patient_name;
  std::int64_t width = 0;  // of the cohort, D
  std::vector<std::filesystem::path> files;
};

// Hash (hex, 32 digits) of everything a file of these bags is made from: its format, the sources in their order, and
// the feature files' paths, sizes and modification times. No feature file is opened.
std::string bag_key(const std::vector<BagSource>& sources);

// One entry of a bag file's table. A bag that could not be read has no tiles: a caller that needs it reads the feature
// files and gets the error.
struct BagEntry {
  std::uint32_t cohort = 0, patient = 0;
  std::uint64_t tiles = 0, width = 0;
  std::uint64_t offset = 0;  // of its first value from the start of the file; a multiple of 64
  std::uint64_t hash = 0;    // XXH3 (64 bits) of its values
  std::uint64_t bytes() const { return tiles * width * sizeof(std::uint16_t); }
};

// The table of `sources`, in their order, with offsets set and hashes 0. Opens every feature file for its header.
std::vector<BagEntry> lay_out(const std::vector<BagSource>& sources);
// Size of a file with this table.
std::uint64_t bag_file_bytes(const std::vector<BagEntry>& table);
std::uint64_t hash_bag(std::span<const std::uint16_t> values);

// The system calls of writing: the seam through which tests inject full disks.
class BagDisk {
 public:
  virtual ~BagDisk() = default;
  // Free for this user on the file system of `folder`; nullopt, with errno, if the system does not say.
  virtual std::optional<std::uint64_t> free_bytes(const std::filesystem::path& folder);
  // Makes the file that long and reserves the room where the file system can, so that a full disk is noticed before any
  // bag is read. Returns 0 or an errno.
  virtual int reserve(int file, std::uint64_t bytes);
  // As POSIX pwrite.
  virtual ssize_t write(int file, const void* data, std::size_t bytes, std::int64_t offset);
  static BagDisk& real();
};

// Writes a bag file under a temporary name; one process at a time (NodeBags has a lock). Unless finish() succeeds,
// nothing is left behind. Every function throws Error, of any kind, if writing fails; only destruction is allowed then.
class BagFileWriter {
 public:
  // Checks and reserves the room. `disk` must outlive this object.
  BagFileWriter(std::filesystem::path file, std::string key, std::vector<BagEntry> table, BagDisk& disk);
  BagFileWriter(const BagFileWriter&) = delete;
  BagFileWriter& operator=(const BagFileWriter&) = delete;

  const std::vector<BagEntry>& table() const { return table_; }
  // Writes bytes of bags at `offset` from the start of the file.
  void write(std::uint64_t offset, std::span<const std::byte> bytes);
  // Sets the hash of bag `index`; nullopt if it could not be read.
  void set_hash(std::size_t index, std::optional<std::uint64_t> hash);
  // Writes the header and the table, and gives the file its name.
  void finish();

 private:
  std::filesystem::path file_;
  std::string key_;
  std::vector<BagEntry> table_;
  BagDisk& disk_;
  std::optional<AtomicFile> out_;  // none until the constructor found room
};

// A bag file mapped read-only. One thread at a time.
class BagFile {
 public:
  // Throws InputError if the file is missing, another user's or truncated, or has a damaged header or table, or another
  // key or version. Each bag is compared with its hash when it is first requested; a damaged one is reported to `say`
  // once and not found from then on.
  BagFile(const std::filesystem::path& file, const std::string& key, std::function<void(const std::string&)> say);
  BagFile(const BagFile&) = delete;
  BagFile& operator=(const BagFile&) = delete;
  ~BagFile();

  // Valid as long as this object, even if the file is removed. nullopt: not in the file, or damaged.
  std::optional<BagView> find(std::uint32_t cohort, std::uint32_t patient);
  // Lets the system start to read the pages of a bag that will be requested soon.
  void prepare(std::uint32_t cohort, std::uint32_t patient) const;

 private:
  enum class State : std::uint8_t { unchecked, good, damaged };
  std::optional<std::size_t> index_of(std::uint32_t cohort, std::uint32_t patient) const;
  std::span<const std::uint16_t> values(const BagEntry& entry) const;

  std::filesystem::path file_;
  std::function<void(const std::string&)> say_;
  const std::byte* begin_ = nullptr;
  std::size_t size_ = 0;
  std::vector<BagEntry> table_;  // ascending by (cohort, patient)
  std::vector<State> states_;
};

// Reads all bags from their feature files and writes them to `file`. Throws as BagFileWriter does; bags that cannot be
// read are reported to `say` and left out.
void write_bag_file(const std::filesystem::path& file, const std::string& key, const std::vector<BagSource>& sources,
                    BagDisk& disk, const std::function<void(const std::string&)>& say);

}  // namespace mtlgrid

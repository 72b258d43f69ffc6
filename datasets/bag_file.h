// Bags of all patients in one file, to be mapped into memory by every process of a node. Byte by byte: docs/data.md.
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

// A patient whose bag is wanted, and where it comes from. (cohort, patient) is the caller's numbering; lists of
// sources are ascending by it.
struct BagSource {
  std::uint32_t cohort = 0, patient = 0;
  std::string cohort_name, patient_name;
  std::int64_t width = 0;  // of the cohort, D
  std::vector<std::filesystem::path> files;
};

// Hash (hex, 32 digits) of everything a file of these bags is made from: its format, the sources in their order, and
// the feature files' paths, sizes and modification times. No feature file is opened.
std::string bag_key(const std::vector<BagSource>& sources);

// One line of a bag file's table. A bag that could not be read has no tiles: whoever wants it reads its files and so
// gets the error.
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

// What writing asks of the operating system: tests put full disks in its place.
class BagDisk {
 public:
  virtual ~BagDisk() = default;
  // For this user, on the file system of `folder`; nullopt, with errno, if it cannot be told.
  virtual std::optional<std::uint64_t> free_bytes(const std::filesystem::path& folder);
  // Makes the file that long, its room taken where the file system can do so: what does not fit is known before a bag
  // is read. 0 or an errno.
  virtual int reserve(int file, std::uint64_t bytes);
  // As POSIX pwrite.
  virtual ssize_t write(int file, const void* data, std::size_t bytes, std::int64_t offset);
  static BagDisk& real();
};

// Writes a bag file under a temporary name, which nobody else must be writing. Not finished: nothing is left behind.
// Everything throws Error (of any kind) if the disk does not take it; the file is then of no use.
class BagFileWriter {
 public:
  // Asks for room first. `disk` must outlive this object.
  BagFileWriter(std::filesystem::path file, std::string key, std::vector<BagEntry> table, BagDisk& disk);
  BagFileWriter(const BagFileWriter&) = delete;
  BagFileWriter& operator=(const BagFileWriter&) = delete;

  const std::vector<BagEntry>& table() const { return table_; }
  // Writes bytes of the data, wherever in the file they belong.
  void write(std::uint64_t offset, std::span<const std::byte> bytes);
  // Sets what bag `index` came out as: its hash, or that there is none (nullopt).
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
  // Throws Error(bad_input) saying what is wrong: missing, another user's, truncated, damaged header or table, another
  // key or version. Every bag is held against its hash when it is first asked for; one that is damaged is reported to
  // `say` and from then on not there.
  BagFile(const std::filesystem::path& file, const std::string& key, std::function<void(const std::string&)> say);
  BagFile(const BagFile&) = delete;
  BagFile& operator=(const BagFile&) = delete;
  ~BagFile();

  // Good as long as this object, even if the file is removed. nullopt: not in the file, or damaged.
  std::optional<BagView> find(std::uint32_t cohort, std::uint32_t patient);
  // The bag will soon be asked for: lets the system bring its pages in meanwhile.
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

// Reads all bags from their files and writes them to `file`. Throws as BagFileWriter does; bags that cannot be read
// are reported to `say` and left out.
void write_bag_file(const std::filesystem::path& file, const std::string& key, const std::vector<BagSource>& sources,
                    BagDisk& disk, const std::function<void(const std::string&)>& say);

}  // namespace mtlgrid

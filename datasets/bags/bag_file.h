// Bags of all patients in one file that every process of a node reads. Byte by byte: docs/bag-file.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/file_descriptor.h"
#include "base/files.h"
#include "datasets/features/features.h"
#include "datasets/features/known_features.h"

namespace mtlgrid {

// A patient whose bag goes into the file, and its feature files. (cohort, patient) are the caller's numbers; lists of
// sources are ascending by them.
struct BagSource {
  std::uint32_t cohort = 0, patient = 0;
  std::string cohort_name, patient_name;
  std::int64_t width = 0;  // of the cohort, D
  std::vector<KnownFeatures> files;
};

// Hash (hex, 32 digits) of everything a file of these bags is made from: its format, the sources in their order, and
// the hashes of their features. A file of other data has another key, wherever its feature files are.
std::string bag_key(const std::vector<BagSource>& sources);

// One entry of a bag file's table. A bag that could not be read has no tiles: a caller that needs it reads the feature
// files and gets the error.
struct BagEntry {
  std::uint32_t cohort = 0, patient = 0;
  std::uint64_t tiles = 0, width = 0;
  std::uint64_t offset = 0;  // of its first value from the start of the file; a multiple of 64
  std::uint64_t bytes() const { return tiles * width * sizeof(std::uint16_t); }
};

// The table of `sources`, in their order. No file is opened: their tiles are known.
std::vector<BagEntry> lay_out(const std::vector<BagSource>& sources);
// Size of a file with this table.
std::uint64_t bag_file_bytes(const std::vector<BagEntry>& table);

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
  // Bag `index` could not be read.
  void leave_out(std::size_t index) { table_.at(index).tiles = 0; }
  // Writes the header and the table, and gives the file its name.
  void finish();

 private:
  std::filesystem::path file_;
  std::string key_;
  std::vector<BagEntry> table_;
  BagDisk& disk_;
  std::optional<AtomicFile> out_;  // none until the constructor found room
};

// A bag file open for reading. One thread at a time.
class BagFile {
 public:
  // Throws InputError if the file is missing, no plain file, another user's or truncated, has a damaged header, another
  // version, or any table but that of `sources`.
  BagFile(const std::filesystem::path& file, std::vector<BagSource> sources,
          std::function<void(const std::string&)> say);
  BagFile(const BagFile&) = delete;
  BagFile& operator=(const BagFile&) = delete;

  // Copies a bag into the caller's memory and compares the copy with the hashes of its feature files: whatever happens
  // to the file, `bag` has the right bytes or the answer is false. False too if the bag is not in the file. The first
  // that is damaged is reported to `say`, and none of them is read again.
  bool read(std::uint32_t cohort, std::uint32_t patient, Bag& bag);
  // Lets the system start to read a bag that will be requested soon.
  void prepare(std::uint32_t cohort, std::uint32_t patient) const;
  const FileDescriptor& descriptor() const { return in_; }

 private:
  std::optional<std::size_t> index_of(std::uint32_t cohort, std::uint32_t patient) const;
  bool copy(const BagEntry& entry, Bag& bag) const;

  std::filesystem::path file_;
  std::vector<BagSource> sources_;  // ascending by (cohort, patient), as `table_`
  std::function<void(const std::string&)> say_;
  FileDescriptor in_;
  std::vector<BagEntry> table_;
  std::vector<bool> damaged_;
};

// Reads all bags from their feature files and writes them to `file`. Throws as BagFileWriter does; bags that cannot be
// read, or are not the known ones, are reported to `say` and left out.
void write_bag_file(const std::filesystem::path& file, const std::vector<BagSource>& sources, BagDisk& disk,
                    const std::function<void(const std::string&)>& say);

}  // namespace mtlgrid

// The journal: an append-only file of checksummed records, the truth that the database is derived from.
//
// Bytes (little-endian; docs/store-internals.md has the same): a header of 24 bytes, "mtlgridJ", u32 version, u32 0,
// u64 id, then records of 32 bytes + payload: u32 magic, u32 length, u64 sequence, u64 epoch, u64 XXH3-64 of the 24
// bytes before it and the payload. Sequences ascend by one from 1; the epoch says which run wrote the record.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/platform.h"

namespace mtlgrid {

inline constexpr std::uint32_t kJournalVersion = 1;
inline constexpr std::uint32_t kJournalMagic = 0x52474d4a;  // "JMGR"
inline constexpr std::size_t kJournalHeader = 24, kRecordHeader = 32;
inline constexpr std::uint32_t kLongestRecord = 1u << 30;  // guessed: 1000 times the largest cell seen

struct JournalRecord {
  std::uint64_t sequence = 0, epoch = 0;
  std::span<const std::uint8_t> payload;  // valid during the callback
};

// How reading a journal ended.
struct JournalEnd {
  enum class Kind {
    whole,    // the last record ends with the file
    torn,     // the last record is incomplete or its bytes are wrong, and no whole one follows: a write was cut off
    damaged,  // a record is wrong and whole ones follow: bytes were changed after they had been written
  };
  Kind kind = Kind::whole;
  std::uint64_t id = 0;                   // of the journal, random; 0: the file ends within its header
  std::uint64_t end = 0;                  // offset after the last good record: what a writer keeps
  std::uint64_t size = 0;                 // of the file
  std::uint64_t sequence = 0, epoch = 0;  // of the last good record; 0 without records
  std::uint64_t fenced =
      0;  // whole records of a run that had lost its lock: lower epoch than their predecessor, skipped
};

// Reads `file` and calls `visit` with every good record in order. Stops at the first bad record and reports how;
// records after damage are never visited. Throws Error(needs_person) if `file` is not a journal or was written by a
// newer version, and FileError if it cannot be read. Memory: the longest record.
JournalEnd read_journal(const std::filesystem::path& file, const std::function<void(const JournalRecord&)>& visit);

// Appends records. One writer at a time: the store's lock sees to that.
class JournalWriter {
 public:
  // Creates an empty journal and synchronises it and its folder. Throws FileError if the file exists already.
  static void create(Platform& platform, const std::filesystem::path& file, std::uint64_t id);
  // Opens `file` for appending after its last good record, and cuts off the bytes that follow it. `end` is the result
  // of read_journal().
  JournalWriter(Platform& platform, std::filesystem::path file, const JournalEnd& end);

  // Adds a record to those that the next write() writes; returns its sequence number.
  std::uint64_t add(std::uint64_t epoch, std::span<const std::uint8_t> payload);
  std::size_t waiting() const { return buffer_.size(); }  // bytes
  void discard();                                         // forgets the added records

  // Writes the added records; `durable`: and waits until they and all before them are on the disk (without it they
  // survive the end of this process, not a power cut). If that fails, none of them is in the journal: the file is cut
  // back to its former end, and FileError is thrown. After a failed fsync or cut the content of the file is unknown:
  // every later call throws, and the journal must be opened again.
  void write(bool durable);

 private:
  void cut_back(int error);

  Platform& platform_;
  std::filesystem::path file_;
  FileDescriptor out_;
  std::uint64_t end_, sequence_, waiting_sequence_;
  std::string buffer_;
  bool unknown_ = false;
};

}  // namespace mtlgrid

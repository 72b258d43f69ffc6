// The journal: an append-only file of checksummed records, the truth that the database is derived from.
//
// Bytes (little-endian; docs/store-internals.md has the same): a header of 24 bytes, "mtlgridJ", u32 version, u32 0,
// u64 id, then records of 40 bytes + payload: u32 magic, u32 length, u64 sequence, u64 epoch, u64 checksum of the
// record before it, u64 checksum: XXH3-64 of the 32 bytes before it and the payload. Sequences ascend by one from 1;
// the epoch says which run wrote the record. Records of version 1 have another magic and lack the checksum of the
// record before; a journal that begins with them is continued with records of version 2.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/platform.h"

namespace mtlgrid {

inline constexpr std::uint32_t kJournalVersion = 3, kChainedVersion = 2;  // the latter: since when records are chained
inline constexpr std::uint32_t kUnchainedMagic = 0x52474d4a, kJournalMagic = 0x43474d4a;  // "JMGR", "JMGC"
inline constexpr std::size_t kJournalHeader = 24, kRecordHeader = 40, kUnchainedHeader = 32;
inline constexpr std::uint32_t kLongestRecord = 1u << 30;  // guessed: 1000 times the largest cell seen

// A record and all that came before it: records of equal points have equal beginnings.
struct JournalPoint {
  std::uint64_t sequence = 0;
  std::uint64_t chain = 0;  // the record's checksum; the journal's id before the first record
  bool operator==(const JournalPoint&) const = default;
};

struct JournalRecord {
  std::uint64_t sequence = 0, epoch = 0, chain = 0;
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
  std::uint64_t chain = 0;                // as in JournalPoint
  std::uint32_t version = 0;              // of the header
  std::uint64_t fenced =
      0;  // whole records of a run that had lost its lock: lower epoch than their predecessor, skipped
};

// Reads `file` and calls `visit` with every good record in order. Stops at the first bad record and reports how;
// records after damage are never visited. Throws Error(needs_person) if `file` is not a journal (a pipe and a folder
// are none) or was written by a newer version, and FileError if it cannot be read. Memory: the longest record. Time:
// some passes over the file, whatever it holds.
JournalEnd read_journal(const std::filesystem::path& file, const std::function<void(const JournalRecord&)>& visit);

// What follows the byte `from` of a journal, the end of a good record. Errors as read_journal().
struct JournalTail {
  std::uint64_t fenced_to = 0;  // after the whole records of epochs below `epoch` that follow `from` at once
  bool records = false;         // there is a whole record anywhere after those
};
JournalTail look_at_tail(const std::filesystem::path& file, std::uint64_t from, std::uint64_t epoch);

// Appends records. One writer at a time: the store's lock sees to that.
class JournalWriter {
 public:
  // Creates an empty journal and synchronises it and its folder. Throws FileError if the file exists already.
  static void create(Platform& platform, const std::filesystem::path& file, std::uint64_t id);
  // Opens `file` for appending after its last good record, and cuts off the bytes that follow it. `end` is the result
  // of read_journal(). The first write() to a journal of version 1 raises its version, so that no program of that
  // version takes what follows for a torn tail.
  JournalWriter(Platform& platform, std::filesystem::path file, const JournalEnd& end);

  // Adds a record to those that the next write() writes.
  JournalPoint add(std::uint64_t epoch, std::span<const std::uint8_t> payload);
  std::size_t waiting() const { return buffer_.size(); }  // bytes
  void discard();                                         // forgets the added records

  // Writes the added records; `durable`: and waits until they and all before them are on the disk (without it they
  // survive the end of this process, not a power cut). If that fails, none of them is in the journal: the file is cut
  // back to its former end, and FileError is thrown. After a failed fsync or cut the content of the file is unknown:
  // every later call throws, and the journal must be opened again.
  void write(bool durable);

  // For journal_guard.h, which looks after the file between two writes.
  const std::filesystem::path& file() const { return file_; }
  int descriptor() const { return out_.get(); }   // readable too; the file's even where it lost its name
  std::uint64_t end() const { return end_; }      // offset after the last record that was written
  JournalPoint last() const { return written_; }  // the last record that was written
  // Writes to the file that is at the path now, which holds the same records.
  void open_again();
  // Whole records of a run that had lost its lock end there: they are skipped by whoever reads.
  void continue_after(std::uint64_t end) { end_ = end; }
  // Cuts off what another program appended. Throws FileError.
  void cut_to_end();

 private:
  void raise_version();
  void cut_back(int error);

  Platform& platform_;
  std::filesystem::path file_;
  FileDescriptor out_;
  std::uint64_t end_;
  std::uint32_t version_;
  JournalPoint written_, waiting_;
  std::string buffer_;
  bool unknown_ = false;
};

}  // namespace mtlgrid

#include "results/store/journal_guard.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "results/store/layout.h"
#include "results/store/store_publish.h"
#include "results/store/store_state.h"

namespace mtlgrid {

namespace fs = std::filesystem;
using Say = std::function<void(const std::string&)>;

namespace {

constexpr std::size_t kBlock = 1 << 20;

std::uint64_t size_of(const struct stat& facts) { return static_cast<std::uint64_t>(facts.st_size); }

// Copies the bytes from `begin` to `end` of an open file.
void copy_bytes(int from, const fs::path& journal, std::uint64_t begin, std::uint64_t end, AtomicFile& to) {
  std::vector<char> block(kBlock);
  while (begin < end) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(kBlock, end - begin));
    const ssize_t got = ::pread(from, block.data(), wanted, static_cast<off_t>(begin));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) throw FileError(journal, "cannot be read, though this run has it open", got < 0 ? errno : EIO);
    to.write({block.data(), static_cast<std::size_t>(got)});
    begin += static_cast<std::uint64_t>(got);
  }
}

// The open file has lost its name: a copy of it gets that name, and is written to from now on.
void put_back(Platform& platform, JournalWriter& writer, const fs::path& store, const Say& say) {
  const fs::path place = database_file(writer.file());
  std::string replaced;
  AtomicFile copy(platform, place);
  copy_bytes(writer.descriptor(), writer.file(), 0, writer.end(), copy);
  struct stat stranger = {};
  if (::lstat(place.c_str(), &stranger) == 0) {
    const fs::path aside = unused_store_path(store, StoreFile::damaged_journal);
    if (platform.rename(place.c_str(), aside.c_str()) != 0) throw FileError(place, "cannot be moved aside", errno);
    replaced = aside.filename().string();
  }
  copy.commit();
  const JournalEnd end = read_journal(place, [](const JournalRecord&) {});
  if (JournalPoint{end.sequence, end.chain} != writer.last() || end.end != writer.end()) {
    throw journal_changed(writer.file(), store, "was replaced, and the file that this run had open was changed too");
  }
  writer.open_again();
  say(writer.file().string() + ": another program " +
      (replaced.empty() ? "removed it" : "put another file in its place, which was moved to " + replaced) +
      "; this run had it open and has put it back, with all " + std::to_string(end.sequence) + " records");
}

// Bytes were appended that this run did not write.
void judge_tail(Platform& platform, JournalWriter& writer, const fs::path& store, std::uint64_t epoch,
                std::uint64_t size, const Say& say) {
  if (size - writer.end() > kLongestRecord) {
    throw journal_changed(writer.file(), store, "was made " + std::to_string(size - writer.end()) + " bytes longer");
  }
  const JournalTail tail = look_at_tail(writer.file(), writer.end(), epoch);
  if (tail.records) {
    throw Error(ErrorKind::needs_person,
                writer.file().string() +
                    ": another run writes to it, perhaps of a store whose journal is a link to this "
                    "one. This run commits nothing more. Give each store a journal of its own, "
                    "then run again");
  }
  writer.continue_after(tail.fenced_to);
  if (tail.fenced_to == size) return;
  const fs::path aside = unused_store_path(store, StoreFile::damaged_journal);
  AtomicFile kept(platform, aside);
  copy_bytes(writer.descriptor(), writer.file(), writer.end(), size, kept);
  kept.commit();
  writer.cut_to_end();
  say(writer.file().string() + ": another program appended " + std::to_string(size - writer.end()) +
      " bytes to it, which were moved to " + aside.filename().string());
}

}  // namespace

Error journal_changed(const fs::path& journal, const fs::path& store, const std::string& found) {
  const std::string name = store.filename().string();
  return {ErrorKind::needs_person,
          journal.string() + ": " + found + " by another program during this run. " + name +
              " holds every result that was committed. Restore the journal from a copy; or, to continue with what can "
              "be read of it and train the rest again, " +
              moving_away(store)};
}

void guard_journal(Platform& platform, JournalWriter& writer, const fs::path& store, std::uint64_t epoch,
                   const Say& say) {
  struct stat held = {}, there = {};
  if (::fstat(writer.descriptor(), &held) != 0) throw FileError(writer.file(), "cannot be looked at", errno);
  if (size_of(held) < writer.end()) {
    throw journal_changed(
        writer.file(), store,
        "was cut from " + std::to_string(writer.end()) + " to " + std::to_string(size_of(held)) + " bytes");
  }
  const bool found = ::stat(writer.file().c_str(), &there) == 0;
  if (!found && errno != ENOENT && errno != ENOTDIR && errno != ELOOP) {
    throw FileError(writer.file(), "cannot be looked at", errno);
  }
  if (!found || there.st_ino != held.st_ino || there.st_dev != held.st_dev) {
    return put_back(platform, writer, store, say);
  }
  if (size_of(held) > writer.end()) judge_tail(platform, writer, store, epoch, size_of(held), say);
}

}  // namespace mtlgrid

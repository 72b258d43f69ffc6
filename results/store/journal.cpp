#include "results/store/journal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

static_assert(std::endian::native == std::endian::little, "the journal is little-endian");

namespace mtlgrid {
namespace {

constexpr char kFileMagic[8] = {'m', 't', 'l', 'g', 'r', 'i', 'd', 'J'};

struct RecordHeader {
  std::uint32_t magic, length;
  std::uint64_t sequence, epoch, checksum;
};
static_assert(sizeof(RecordHeader) == kRecordHeader);

std::uint64_t checksum(const RecordHeader& header, std::span<const std::uint8_t> payload) {
  XXH3_state_t state;
  XXH3_64bits_reset(&state);
  XXH3_64bits_update(&state, &header, offsetof(RecordHeader, checksum));
  XXH3_64bits_update(&state, payload.data(), payload.size());
  return XXH3_64bits_digest(&state);
}

// Reads records at given offsets.
class Reader {
 public:
  explicit Reader(const std::filesystem::path& file) : file_(file), in_(::open(file.c_str(), O_RDONLY | O_CLOEXEC)) {
    struct stat facts = {};
    if (!in_ || ::fstat(in_.get(), &facts) != 0) throw FileError(file, "cannot be read", errno);
    size_ = static_cast<std::uint64_t>(facts.st_size);
  }

  std::uint64_t size() const { return size_; }

  // Bytes read at `offset`, fewer than asked at the end of the file.
  std::size_t read(std::uint64_t offset, void* to, std::size_t bytes) const {
    std::size_t have = 0;
    while (have < bytes) {
      const ssize_t got =
          ::pread(in_.get(), static_cast<char*>(to) + have, bytes - have, static_cast<off_t>(offset + have));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw FileError(file_, "cannot be read at byte " + std::to_string(offset + have), errno);
      if (got == 0) break;
      have += static_cast<std::size_t>(got);
    }
    return have;
  }

  // Whether a whole record with a right checksum is at `offset`; then header and payload are filled.
  bool record(std::uint64_t offset, RecordHeader& header, std::vector<std::uint8_t>& payload) const {
    if (read(offset, &header, sizeof header) < sizeof header) return false;
    if (header.magic != kJournalMagic || header.length > kLongestRecord) return false;
    if (size_ - offset - sizeof header < header.length) return false;
    payload.resize(header.length);
    if (read(offset + sizeof header, payload.data(), payload.size()) < payload.size()) return false;
    return checksum(header, payload) == header.checksum;
  }

  // Whether a whole record begins anywhere from `offset` on.
  bool any_record_from(std::uint64_t offset) const {
    constexpr std::size_t kBlock = 1 << 20;
    std::vector<char> block(kBlock);
    RecordHeader header;
    std::vector<std::uint8_t> payload;
    for (; offset + kRecordHeader <= size_; offset += kBlock - sizeof kJournalMagic + 1) {
      const std::size_t have = read(offset, block.data(), kBlock);
      for (std::size_t i = 0; i + sizeof kJournalMagic <= have; ++i) {
        std::uint32_t word;
        std::memcpy(&word, block.data() + i, sizeof word);
        if (word == kJournalMagic && record(offset + i, header, payload)) return true;
      }
    }
    return false;
  }

 private:
  std::filesystem::path file_;
  FileDescriptor in_;
  std::uint64_t size_ = 0;
};

// Reads the file's header into `end`; false if the file ends within it.
bool read_header(const std::filesystem::path& file, const Reader& reader, JournalEnd& end) {
  char header[kJournalHeader];
  const std::size_t have = reader.read(0, header, sizeof header);
  const std::size_t compared = std::min(have, sizeof kFileMagic);
  if (std::memcmp(header, kFileMagic, compared) != 0) {
    throw Error(ErrorKind::needs_person, file.string() + ": not an mtlgrid journal; move this file elsewhere");
  }
  if (have < sizeof header) return false;
  std::uint32_t version;
  std::memcpy(&version, header + 8, sizeof version);
  std::memcpy(&end.id, header + 16, sizeof end.id);
  if (version != kJournalVersion || end.id == 0) {
    throw Error(ErrorKind::needs_person, file.string() + ": journal version " + std::to_string(version) + " where " +
                                             std::to_string(kJournalVersion) +
                                             " was expected: use the version of mtlgrid that wrote it");
  }
  return true;
}

}  // namespace

JournalEnd read_journal(const std::filesystem::path& file, const std::function<void(const JournalRecord&)>& visit) {
  const Reader reader(file);
  JournalEnd end;
  end.size = reader.size();
  if (!read_header(file, reader, end)) {
    end.kind = JournalEnd::Kind::torn;
    return end;
  }
  RecordHeader header;
  std::vector<std::uint8_t> payload;
  for (end.end = kJournalHeader; end.end < end.size; end.end += kRecordHeader + header.length) {
    const bool whole = reader.record(end.end, header, payload);
    const bool fenced = whole && header.epoch < end.epoch;
    if (!whole || (!fenced && header.sequence != end.sequence + 1)) {
      const bool more = reader.any_record_from(end.end + (whole ? 0 : 1));
      end.kind = more ? JournalEnd::Kind::damaged : JournalEnd::Kind::torn;
      return end;
    }
    if (fenced) {
      ++end.fenced;
      continue;
    }
    end.sequence = header.sequence;
    end.epoch = header.epoch;
    visit({header.sequence, header.epoch, payload});
  }
  return end;
}

void JournalWriter::create(Platform& platform, const std::filesystem::path& file, std::uint64_t id) {
  FileDescriptor out(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!out) throw FileError(file, "cannot be created", errno);
  std::string header(kFileMagic, sizeof kFileMagic);
  header.append(reinterpret_cast<const char*>(&kJournalVersion), sizeof kJournalVersion);
  header.append(4, '\0');
  header.append(reinterpret_cast<const char*>(&id), sizeof id);
  if (!write_all(platform, out.get(), header) || platform.fsync(out.get()) != 0) {
    const int error = errno;
    ::unlink(file.c_str());
    throw FileError(file, "cannot be written", error);
  }
  sync_folder(platform, file.parent_path());
}

JournalWriter::JournalWriter(Platform& platform, std::filesystem::path file, const JournalEnd& end)
    : platform_(platform),
      file_(std::move(file)),
      out_(::open(file_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC)),
      end_(end.end),
      sequence_(end.sequence),
      waiting_sequence_(end.sequence) {
  if (!out_) throw FileError(file_, "cannot be opened for writing", errno);
  if (end.size > end.end &&
      (platform_.truncate(out_.get(), static_cast<std::int64_t>(end_)) != 0 || platform_.fsync(out_.get()) != 0)) {
    throw FileError(file_, "cannot be cut to its last whole record", errno);
  }
}

std::uint64_t JournalWriter::add(std::uint64_t epoch, std::span<const std::uint8_t> payload) {
  if (payload.size() > kLongestRecord) {
    throw Error(ErrorKind::fatal, file_.string() + ": a record of " + std::to_string(payload.size()) +
                                      " bytes is longer than " + std::to_string(kLongestRecord));
  }
  RecordHeader header = {kJournalMagic, static_cast<std::uint32_t>(payload.size()), ++waiting_sequence_, epoch, 0};
  header.checksum = checksum(header, payload);
  buffer_.append(reinterpret_cast<const char*>(&header), sizeof header);
  buffer_.append(reinterpret_cast<const char*>(payload.data()), payload.size());
  return header.sequence;
}

void JournalWriter::discard() {
  buffer_.clear();
  waiting_sequence_ = sequence_;
}

void JournalWriter::write(bool durable) {
  if (unknown_) {
    throw Error(ErrorKind::fatal, file_.string() +
                                      ": an earlier write failed, so the content of the file is "
                                      "unknown; this run writes nothing more to it");
  }
  if (buffer_.empty()) return;
  if (!write_all(platform_, out_.get(), buffer_)) return cut_back(errno);
  if (durable && platform_.fsync(out_.get()) != 0) {
    unknown_ = true;  // the kernel may have dropped the dirty pages and marked them clean
    return cut_back(errno);
  }
  end_ += buffer_.size();
  sequence_ = waiting_sequence_;
  buffer_.clear();
}

void JournalWriter::cut_back(int error) {
  if (platform_.truncate(out_.get(), static_cast<std::int64_t>(end_)) != 0) unknown_ = true;
  const std::size_t bytes = buffer_.size();
  discard();
  throw FileError(file_, "cannot take " + std::to_string(bytes) + " more bytes (none of them was kept)", error);
}

}  // namespace mtlgrid

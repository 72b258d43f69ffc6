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

#include "base/read_at.h"

static_assert(std::endian::native == std::endian::little, "the journal is little-endian");

namespace mtlgrid {
namespace {

constexpr std::size_t kVersionAt = 8;  // offset in the file's header
constexpr char kFileMagic[8] = {'m', 't', 'l', 'g', 'r', 'i', 'd', 'J'};

struct RecordHeader {
  std::uint32_t magic, length;
  std::uint64_t sequence, epoch, previous, checksum;
};
static_assert(sizeof(RecordHeader) == kRecordHeader);
constexpr std::size_t kCommon = offsetof(RecordHeader, previous);  // what records of both versions begin with

bool chained(const RecordHeader& header) { return header.magic == kJournalMagic; }
std::size_t size_of(const RecordHeader& header) { return chained(header) ? kRecordHeader : kUnchainedHeader; }

std::uint64_t checksum(const RecordHeader& header, std::span<const std::uint8_t> payload) {
  XXH3_state_t state;
  XXH3_64bits_reset(&state);
  XXH3_64bits_update(&state, &header, chained(header) ? offsetof(RecordHeader, checksum) : kCommon);
  XXH3_64bits_update(&state, payload.data(), payload.size());
  return XXH3_64bits_digest(&state);
}

// Reads records at given offsets.
class Reader {
 public:
  static constexpr std::uint64_t kPasses = 16;  // over a damaged file (guessed)

  // O_NONBLOCK: a pipe with the name of a journal is refused, not waited for.
  explicit Reader(const std::filesystem::path& file)
      : file_(file), in_(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    struct stat facts = {};
    if (!in_ || ::fstat(in_.get(), &facts) != 0) throw FileError(file, "cannot be read", errno);
    if (!S_ISREG(facts.st_mode)) {
      throw Error(ErrorKind::needs_person, file.string() + ": is a " +
                                               (S_ISDIR(facts.st_mode) ? "folder" : "pipe or device") +
                                               ", not a journal; move it elsewhere");
    }
    size_ = static_cast<std::uint64_t>(facts.st_size);
  }

  std::uint64_t size() const { return size_; }

  // Bytes read at `offset`, fewer than asked at the end of the file.
  std::size_t read(std::uint64_t offset, void* to, std::size_t bytes) const {
    int error = 0;
    const std::size_t have = read_at(in_.get(), offset, {static_cast<std::byte*>(to), bytes}, error);
    if (error != 0) throw FileError(file_, "cannot be read at byte " + std::to_string(offset + have), error);
    return have;
  }

  // Whether a whole record with a right checksum is at `offset`; then header and payload are filled.
  bool record(std::uint64_t offset, RecordHeader& header, std::vector<std::uint8_t>& payload) const {
    if (read(offset, &header, kCommon) < kCommon) return false;
    if ((header.magic != kJournalMagic && header.magic != kUnchainedMagic) || header.length > kLongestRecord)
      return false;
    const std::uint64_t begin = offset + size_of(header);
    if (begin > size_ || size_ - begin < header.length) return false;
    header.previous = 0;
    std::uint64_t* const rest = chained(header) ? &header.previous : &header.checksum;
    const std::size_t bytes = size_of(header) - kCommon;
    if (read(offset + kCommon, rest, bytes) < bytes) return false;
    payload.resize(header.length);
    if (read(begin, payload.data(), payload.size()) < payload.size()) return false;
    return checksum(header, payload) == header.checksum;
  }

  // Whether a whole record begins anywhere from `offset` on. Bytes that look like the beginnings of many long records
  // could cost any time: what takes more than some passes over the file counts as a record.
  bool any_record_from(std::uint64_t offset) const {
    constexpr std::size_t kBlock = 1 << 20;
    std::uint64_t left = kPasses * size_ + kBlock;
    std::vector<char> block(kBlock);
    RecordHeader header = {};
    std::vector<std::uint8_t> payload;
    for (; offset + kUnchainedHeader <= size_; offset += kBlock - sizeof kJournalMagic + 1) {
      const std::size_t have = read(offset, block.data(), kBlock);
      for (std::size_t i = 0; i + sizeof kJournalMagic <= have; ++i) {
        std::uint32_t word;
        std::memcpy(&word, block.data() + i, sizeof word);
        if (word != kJournalMagic && word != kUnchainedMagic) continue;
        if (record(offset + i, header, payload)) return true;
        const std::uint64_t cost = kRecordHeader + (header.length <= kLongestRecord ? header.length : 0);
        if (cost > left) return true;
        left -= cost;
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
  std::memcpy(&end.version, header + kVersionAt, sizeof end.version);
  std::memcpy(&end.id, header + 16, sizeof end.id);
  if (end.version == 0 || end.version > kJournalVersion || end.id == 0) {
    throw Error(ErrorKind::needs_person, file.string() + ": journal version " + std::to_string(end.version) +
                                             " where at most " + std::to_string(kJournalVersion) +
                                             " was expected: use the version of mtlgrid that wrote it");
  }
  return true;
}

}  // namespace

namespace {

// Whether `header` belongs after what was read so far: the next number, and the chain unbroken.
bool follows(const RecordHeader& header, const JournalEnd& end, bool any_chained) {
  if (header.sequence != end.sequence + 1) return false;
  return chained(header) ? end.version >= kChainedVersion && header.previous == end.chain : !any_chained;
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
  bool any_chained = false;
  end.chain = end.id;
  for (end.end = kJournalHeader; end.end < end.size; end.end += size_of(header) + header.length) {
    const bool whole = reader.record(end.end, header, payload);
    const bool fenced = whole && header.epoch < end.epoch;
    if (!whole || (!fenced && !follows(header, end, any_chained))) {
      const bool more = whole || reader.any_record_from(end.end + 1);
      end.kind = more ? JournalEnd::Kind::damaged : JournalEnd::Kind::torn;
      return end;
    }
    if (fenced) {
      ++end.fenced;
      continue;
    }
    any_chained = any_chained || chained(header);
    end.sequence = header.sequence;
    end.epoch = header.epoch;
    end.chain = header.checksum;
    visit({header.sequence, header.epoch, header.checksum, payload});
  }
  return end;
}

JournalTail look_at_tail(const std::filesystem::path& file, std::uint64_t from, std::uint64_t epoch) {
  const Reader reader(file);
  RecordHeader header;
  std::vector<std::uint8_t> payload;
  JournalTail tail{from, false};
  while (reader.record(tail.fenced_to, header, payload) && header.epoch < epoch) {
    tail.fenced_to += size_of(header) + header.length;
  }
  tail.records = reader.any_record_from(tail.fenced_to);
  return tail;
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
      end_(end.end),
      version_(end.version),
      written_{end.sequence, end.chain},
      waiting_(written_) {
  open_again();
  if (end.size > end.end) cut_to_end();
}

void JournalWriter::open_again() {
  out_ = FileDescriptor(::open(file_.c_str(), O_RDWR | O_APPEND | O_CLOEXEC));
  if (!out_) throw FileError(file_, "cannot be opened for writing", errno);
}

void JournalWriter::cut_to_end() {
  if (platform_.truncate(out_.get(), static_cast<std::int64_t>(end_)) != 0 || platform_.fsync(out_.get()) != 0) {
    throw FileError(file_, "cannot be cut to its last whole record", errno);
  }
}

// Through a descriptor of its own: what is written to the other one is appended.
void JournalWriter::raise_version() {
  if (version_ == kJournalVersion) return;
  const FileDescriptor header(::open(file_.c_str(), O_WRONLY | O_CLOEXEC));
  const std::string version(reinterpret_cast<const char*>(&kJournalVersion), sizeof kJournalVersion);
  if (!header || ::lseek(header.get(), kVersionAt, SEEK_SET) < 0 || !write_all(platform_, header.get(), version) ||
      platform_.fsync(header.get()) != 0) {
    const int error = errno;
    discard();
    throw FileError(file_, "its version cannot be raised", error);
  }
  version_ = kJournalVersion;
}

JournalPoint JournalWriter::add(std::uint64_t epoch, std::span<const std::uint8_t> payload) {
  if (payload.size() > kLongestRecord) {
    throw Error(ErrorKind::fatal, file_.string() + ": a record of " + std::to_string(payload.size()) +
                                      " bytes is longer than " + std::to_string(kLongestRecord));
  }
  RecordHeader header = {
      kJournalMagic, static_cast<std::uint32_t>(payload.size()), waiting_.sequence + 1, epoch, waiting_.chain, 0};
  header.checksum = checksum(header, payload);
  buffer_.append(reinterpret_cast<const char*>(&header), sizeof header);
  buffer_.append(reinterpret_cast<const char*>(payload.data()), payload.size());
  waiting_ = {header.sequence, header.checksum};
  return waiting_;
}

void JournalWriter::discard() {
  buffer_.clear();
  waiting_ = written_;
}

void JournalWriter::write(bool durable) {
  if (unknown_) {
    throw Error(ErrorKind::fatal, file_.string() +
                                      ": an earlier write failed, so the content of the file is "
                                      "unknown; this run writes nothing more to it");
  }
  if (buffer_.empty()) return;
  raise_version();
  if (!write_all(platform_, out_.get(), buffer_)) return cut_back(errno);
  if (durable && platform_.fsync(out_.get()) != 0) {
    unknown_ = true;  // the kernel may have dropped the dirty pages and marked them clean
    return cut_back(errno);
  }
  end_ += buffer_.size();
  written_ = waiting_;
  buffer_.clear();
}

void JournalWriter::cut_back(int error) {
  if (platform_.truncate(out_.get(), static_cast<std::int64_t>(end_)) != 0) unknown_ = true;
  const std::size_t bytes = buffer_.size();
  discard();
  throw FileError(file_, "cannot take " + std::to_string(bytes) + " more bytes (none of them was kept)", error);
}

}  // namespace mtlgrid

#include "datasets/bags/bag_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <tuple>

#include "base/errors.h"
#include "base/file_descriptor.h"
#include "base/read_at.h"
#include "base/system_error.h"
#include "datasets/bags/patient_bag.h"
#include "datasets/features/fingerprint.h"

namespace mtlgrid {
namespace {

constexpr std::array<char, 8> kMagic = {'M', 'T', 'L', 'G', 'B', 'A', 'G', 'S'};
constexpr std::uint32_t kVersion = 2;
constexpr std::uint64_t kAlignment = 64;  // a cache line, and the widest vector register

// As they are stored. The node that wrote the file reads it, so numbers are in its own byte order, little-endian.
static_assert(std::endian::native == std::endian::little);
struct Header {
  std::array<char, 8> magic = kMagic;
  std::uint32_t version = kVersion, entries = 0;
  std::array<char, 32> key = {};
  std::uint64_t file_bytes = 0;
  std::uint64_t checksum = 0;  // XXH3 (64 bits) of the fields before it and the table
};
static_assert(sizeof(Header) == 64 && sizeof(BagEntry) == 32);

std::uint64_t aligned(std::uint64_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

std::uint64_t data_begin(std::size_t entries) { return aligned(sizeof(Header) + entries * sizeof(BagEntry)); }

std::uint64_t checksum_of(const Header& header, const BagEntry* table) {
  const std::uint64_t seed = XXH3_64bits(&header, offsetof(Header, checksum));
  return XXH3_64bits_withSeed(table, header.entries * sizeof(BagEntry), seed);
}

[[noreturn]] void cannot_write(const std::filesystem::path& file, int error) {
  throw Error(ErrorKind::needs_person, fmt::format("{}: cannot be written: {}", file.string(), std::strerror(error)));
}

[[noreturn]] void not_usable(const std::filesystem::path& file, const std::string& what) {
  throw InputError(file.string() + ": " + what);
}

auto key_of(const BagEntry& entry) { return std::tuple(entry.cohort, entry.patient); }

// Whether all of `out` could be read.
bool fill(const FileDescriptor& file, std::uint64_t offset, std::span<std::byte> out) {
  int error = 0;
  return read_at(file.get(), offset, out, error) == out.size();
}

// Whether a stored line is that of the bag, or of one that was left out.
bool is_entry_of(const BagEntry& stored, const BagEntry& expected) {
  return key_of(stored) == key_of(expected) && stored.width == expected.width && stored.offset == expected.offset &&
         (stored.tiles == expected.tiles || stored.tiles == 0);
}

}  // namespace

std::string bag_key(const std::vector<BagSource>& sources) {
  Fingerprint hash;
  hash.add(fmt::format("bags {}", kVersion));
  for (const BagSource& source : sources) {
    hash.add(fmt::format("{} {} {} {}", source.cohort, source.patient, source.width, source.files.size()));
    hash.add(source.cohort_name);
    hash.add(source.patient_name);
    for (const KnownFeatures& file : source.files) hash.add(fmt::format("{} {}", file.tiles, file.hash));
  }
  return hash.hex();
}

std::vector<BagEntry> lay_out(const std::vector<BagSource>& sources) {
  std::vector<BagEntry> table;
  std::uint64_t offset = data_begin(sources.size());
  for (const BagSource& source : sources) {
    std::uint64_t tiles = 0;
    for (const KnownFeatures& file : source.files) tiles += static_cast<std::uint64_t>(file.tiles);
    table.push_back({source.cohort, source.patient, tiles, static_cast<std::uint64_t>(source.width), offset});
    offset = aligned(offset + table.back().bytes());
  }
  return table;
}

std::uint64_t bag_file_bytes(const std::vector<BagEntry>& table) {
  return table.empty() ? data_begin(0) : aligned(table.back().offset + table.back().bytes());
}

std::optional<std::uint64_t> BagDisk::free_bytes(const std::filesystem::path& folder) {
  struct statvfs status {};
  if (::statvfs(folder.c_str(), &status) != 0) return std::nullopt;
  return std::uint64_t{status.f_bavail} * status.f_frsize;
}

int BagDisk::reserve(int file, std::uint64_t bytes) {
  const auto length = static_cast<off_t>(bytes);
  // Not posix_fallocate: where a file system cannot reserve, as NFS before 4.2, that writes every block.
  while (::fallocate(file, 0, 0, length) != 0) {
    if (errno == EOPNOTSUPP || errno == ENOSYS) return ::ftruncate(file, length) == 0 ? 0 : errno;
    if (errno != EINTR) return errno;
  }
  return 0;
}

ssize_t BagDisk::write(int file, const void* data, std::size_t bytes, std::int64_t offset) {
  return ::pwrite(file, data, bytes, offset);
}

BagDisk& BagDisk::real() {
  static BagDisk disk;
  return disk;
}

BagFileWriter::BagFileWriter(std::filesystem::path file, std::string key, std::vector<BagEntry> table, BagDisk& disk)
    : file_(std::move(file)), key_(std::move(key)), table_(std::move(table)), disk_(disk) {
  const std::uint64_t needed = bag_file_bytes(table_);
  const auto free = disk_.free_bytes(file_.parent_path());
  if (!free) cannot_write(file_, errno);
  if (*free < needed) {
    throw Error(ErrorKind::needs_person,
                fmt::format("{}: cannot be written: {} bytes needed, {} free", file_.string(), needed, *free));
  }
  // Not synced: after a power cut the checksum, and the hashes of the features, tell what is missing.
  out_.emplace(FileCalls::real(), file_, AtomicFileOptions{.durability = Durability::none, .mode = 0600});
  if (const int error = disk_.reserve(out_->descriptor(), needed); error != 0) cannot_write(out_->temporary(), error);
}

void BagFileWriter::write(std::uint64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t done = disk_.write(out_->descriptor(), bytes.data(), bytes.size(), static_cast<std::int64_t>(offset));
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) cannot_write(out_->temporary(), done == 0 ? ENOSPC : errno);
    bytes = bytes.subspan(static_cast<std::size_t>(done));
    offset += static_cast<std::uint64_t>(done);
  }
}

void BagFileWriter::finish() {
  Header header;
  header.entries = static_cast<std::uint32_t>(table_.size());
  std::copy_n(key_.begin(), std::min(key_.size(), header.key.size()), header.key.begin());
  struct stat status {};
  if (::fstat(out_->descriptor(), &status) != 0) cannot_write(out_->temporary(), errno);
  header.file_bytes = static_cast<std::uint64_t>(status.st_size);
  header.checksum = checksum_of(header, table_.data());
  write(0, std::as_bytes(std::span(&header, 1)));
  write(sizeof header, std::as_bytes(std::span(table_)));
  out_->commit();
}

BagFile::BagFile(const std::filesystem::path& file, std::vector<BagSource> sources,
                 std::function<void(const std::string&)> say)
    : file_(file),
      sources_(std::move(sources)),
      say_(std::move(say)),
      // Others may make files in the folder: a link is not followed, a pipe not waited for.
      in_(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)),
      table_(lay_out(sources_)),
      damaged_(sources_.size(), false) {
  struct stat status {};
  if (!in_ || ::fstat(in_.get(), &status) != 0) not_usable(file, std::strerror(errno));
  if (!S_ISREG(status.st_mode)) not_usable(file, "not a plain file");
  if (status.st_uid != ::geteuid()) not_usable(file, "belongs to another user");
  Header header;
  if (!fill(in_, 0, std::as_writable_bytes(std::span(&header, 1)))) not_usable(file, "shorter than a header");
  if (header.magic != kMagic || header.version != kVersion) {
    not_usable(file, fmt::format("not a bag file of version {}", kVersion));
  }
  if (std::string_view(header.key.data(), header.key.size()) != bag_key(sources_) || header.entries != table_.size()) {
    not_usable(file, "made from other feature files");
  }
  const std::uint64_t expected = bag_file_bytes(table_);
  if (header.file_bytes != expected || static_cast<std::uint64_t>(status.st_size) != expected) {
    not_usable(file, fmt::format("{} bytes, expected {}", status.st_size, expected));
  }
  std::vector<BagEntry> stored(table_.size());
  if (!fill(in_, sizeof header, std::as_writable_bytes(std::span(stored))) ||
      checksum_of(header, stored.data()) != header.checksum) {
    not_usable(file, "damaged header or table");
  }
  for (std::size_t i = 0; i < table_.size(); ++i) {
    if (!is_entry_of(stored[i], table_[i])) not_usable(file, fmt::format("line {} of its table is of other bags", i));
    table_[i].tiles = stored[i].tiles;
  }
}

std::optional<std::size_t> BagFile::index_of(std::uint32_t cohort, std::uint32_t patient) const {
  const auto at = std::lower_bound(table_.begin(), table_.end(), std::tuple(cohort, patient),
                                   [](const BagEntry& entry, const auto& key) { return key_of(entry) < key; });
  if (at == table_.end() || key_of(*at) != std::tuple(cohort, patient) || at->tiles == 0) return std::nullopt;
  return static_cast<std::size_t>(at - table_.begin());
}

bool BagFile::copy(const BagEntry& entry, Bag& bag) const {
  bag.tiles = static_cast<std::int64_t>(entry.tiles);
  bag.width = static_cast<std::int64_t>(entry.width);
  bag.values.resize(entry.tiles * entry.width);
  return fill(in_, entry.offset, std::as_writable_bytes(std::span(bag.values)));
}

bool BagFile::read(std::uint32_t cohort, std::uint32_t patient, Bag& bag) {
  const auto index = index_of(cohort, patient);
  if (!index || damaged_[*index]) return false;
  const BagSource& source = sources_[*index];
  if (copy(table_[*index], bag) && is_bag_of(view_of(bag), source.files)) return true;
  const bool first = std::find(damaged_.begin(), damaged_.end(), true) == damaged_.end();
  damaged_[*index] = true;
  if (first) {
    say_(
        fmt::format("{}: the bag of patient {} of cohort {} is damaged or changed; the feature files of such bags are "
                    "read instead",
                    file_.string(), source.patient_name, source.cohort_name));
  }
  return false;
}

void BagFile::prepare(std::uint32_t cohort, std::uint32_t patient) const {
  const auto index = index_of(cohort, patient);
  if (!index) return;
  const BagEntry& entry = table_[*index];
  // A hint: if the system ignores it, reading only takes longer.
  ::posix_fadvise(in_.get(), static_cast<off_t>(entry.offset), static_cast<off_t>(entry.bytes()), POSIX_FADV_WILLNEED);
}

void write_bag_file(const std::filesystem::path& file, const std::vector<BagSource>& sources, BagDisk& disk,
                    const std::function<void(const std::string&)>& say) {
  BagFileWriter writer(file, bag_key(sources), lay_out(sources), disk);
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const BagSource& source = sources[i];
    const auto leave_out = [&](const Error& e) {
      say(fmt::format("{}: left out: {}", file.string(), e.what()));
      writer.leave_out(i);
    };
    try {
      const Bag bag = read_patient_bag(source.cohort_name, source.patient_name, source.files, source.width);
      writer.write(writer.table()[i].offset, std::as_bytes(std::span(bag.values)));
    } catch (const InputError& e) {
      leave_out(e);
    } catch (const SystemError& e) {
      leave_out(e);
    } catch (const FeaturesChanged& e) {
      leave_out(e);
    }
  }
  writer.finish();
}

}  // namespace mtlgrid

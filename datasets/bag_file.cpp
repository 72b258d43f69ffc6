#include "datasets/bag_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
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
#include "base/system_error.h"
#include "datasets/fingerprint.h"

namespace mtlgrid {
namespace {

constexpr std::array<char, 8> kMagic = {'M', 'T', 'L', 'G', 'B', 'A', 'G', 'S'};
constexpr std::uint32_t kVersion = 1;
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
static_assert(sizeof(Header) == 64 && sizeof(BagEntry) == 40);

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

// Tiles of the bag, from the headers of its files; 0 if a header cannot be read or has another width.
std::uint64_t tiles_of(const BagSource& source) {
  try {
    std::int64_t tiles = 0;
    for (const auto& file : source.files) {
      const FeatureInfo info = inspect_features(file);
      if (info.width != source.width) return 0;
      tiles += info.tiles;
    }
    return static_cast<std::uint64_t>(tiles);
  } catch (const InputError&) {
    return 0;
  } catch (const SystemError&) {
    return 0;
  }
}

}  // namespace

std::string bag_key(const std::vector<BagSource>& sources) {
  Fingerprint hash;
  hash.add(fmt::format("bags {}", kVersion));
  for (const BagSource& source : sources) {
    hash.add(fmt::format("{} {} {} {}", source.cohort, source.patient, source.width, source.files.size()));
    hash.add(source.cohort_name);
    hash.add(source.patient_name);
    for (const auto& file : source.files) {
      const auto stamp = stamp_of(file);
      hash.add(file.string());
      hash.add(stamp ? fmt::format("{} {}", stamp->size, stamp->modified_ns) : "missing");
    }
  }
  return hash.hex();
}

std::vector<BagEntry> lay_out(const std::vector<BagSource>& sources) {
  std::vector<BagEntry> table;
  for (const BagSource& source : sources) {
    table.push_back({source.cohort, source.patient, tiles_of(source), static_cast<std::uint64_t>(source.width)});
  }
  std::uint64_t offset = data_begin(table.size());
  for (BagEntry& entry : table) {
    entry.offset = offset;
    offset = aligned(offset + entry.bytes());
  }
  return table;
}

std::uint64_t bag_file_bytes(const std::vector<BagEntry>& table) {
  return table.empty() ? data_begin(0) : aligned(table.back().offset + table.back().bytes());
}

std::uint64_t hash_bag(std::span<const std::uint16_t> values) {
  return XXH3_64bits(values.data(), values.size_bytes());
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
  // Not synced: after a power cut the checksum and the hashes tell what is missing.
  out_.emplace(FileCalls::real(), file_,
               AtomicFileOptions{.durability = Durability::none, .mode = 0600, .exclusive = true});
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

void BagFileWriter::set_hash(std::size_t index, std::optional<std::uint64_t> hash) {
  BagEntry& entry = table_.at(index);
  if (!hash) entry.tiles = 0;
  entry.hash = hash.value_or(0);
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

BagFile::BagFile(const std::filesystem::path& file, const std::string& key, std::function<void(const std::string&)> say)
    : file_(file), say_(std::move(say)) {
  const FileDescriptor in(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  struct stat status {};
  if (!in || ::fstat(in.get(), &status) != 0) not_usable(file, std::strerror(errno));
  if (status.st_uid != ::geteuid()) not_usable(file, "belongs to another user");
  Header header;
  if (::pread(in.get(), &header, sizeof header, 0) != static_cast<ssize_t>(sizeof header)) {
    not_usable(file, "shorter than a header");
  }
  if (header.magic != kMagic || header.version != kVersion) {
    not_usable(file, fmt::format("not a bag file of version {}", kVersion));
  }
  if (header.file_bytes != static_cast<std::uint64_t>(status.st_size) ||
      data_begin(header.entries) > header.file_bytes) {
    not_usable(file, fmt::format("{} bytes, expected {}", status.st_size, header.file_bytes));
  }
  table_.resize(header.entries);
  const auto bytes = static_cast<ssize_t>(table_.size() * sizeof(BagEntry));
  if (::pread(in.get(), table_.data(), static_cast<std::size_t>(bytes), sizeof header) != bytes ||
      checksum_of(header, table_.data()) != header.checksum) {
    not_usable(file, "damaged header or table");
  }
  if (std::string_view(header.key.data(), header.key.size()) != key) not_usable(file, "made from other feature files");
  size_ = static_cast<std::size_t>(header.file_bytes);
  void* const mapped = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, in.get(), 0);
  if (mapped == MAP_FAILED) not_usable(file, fmt::format("cannot be mapped: {}", std::strerror(errno)));
  begin_ = static_cast<const std::byte*>(mapped);
  states_.resize(table_.size(), State::unchecked);
}

BagFile::~BagFile() {
  if (begin_ != nullptr) ::munmap(const_cast<std::byte*>(begin_), size_);
}

std::optional<std::size_t> BagFile::index_of(std::uint32_t cohort, std::uint32_t patient) const {
  const auto at = std::lower_bound(table_.begin(), table_.end(), std::tuple(cohort, patient),
                                   [](const BagEntry& entry, const auto& key) { return key_of(entry) < key; });
  if (at == table_.end() || key_of(*at) != std::tuple(cohort, patient) || at->tiles == 0) return std::nullopt;
  return static_cast<std::size_t>(at - table_.begin());
}

std::span<const std::uint16_t> BagFile::values(const BagEntry& entry) const {
  return {reinterpret_cast<const std::uint16_t*>(begin_ + entry.offset), entry.tiles * entry.width};
}

std::optional<BagView> BagFile::find(std::uint32_t cohort, std::uint32_t patient) {
  const auto index = index_of(cohort, patient);
  if (!index) return std::nullopt;
  const BagEntry& entry = table_[*index];
  if (states_[*index] == State::unchecked) {
    const bool good = hash_bag(values(entry)) == entry.hash;
    states_[*index] = good ? State::good : State::damaged;
    if (!good) {
      say_(fmt::format("{}: bag {} of cohort {} is damaged; its feature files are read instead", file_.string(),
                       patient, cohort));
    }
  }
  if (states_[*index] == State::damaged) return std::nullopt;
  return BagView{static_cast<std::int64_t>(entry.tiles), static_cast<std::int64_t>(entry.width), values(entry)};
}

void BagFile::prepare(std::uint32_t cohort, std::uint32_t patient) const {
  const auto index = index_of(cohort, patient);
  if (!index) return;
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const std::uint64_t first = table_[*index].offset / page * page, end = table_[*index].offset + table_[*index].bytes();
  // A hint: if the system ignores it, reading only takes longer.
  ::madvise(const_cast<std::byte*>(begin_ + first), end - first, MADV_WILLNEED);
}

void write_bag_file(const std::filesystem::path& file, const std::string& key, const std::vector<BagSource>& sources,
                    BagDisk& disk, const std::function<void(const std::string&)>& say) {
  BagFileWriter writer(file, key, lay_out(sources), disk);
  const auto leave_out = [&](std::size_t index, const Error& e) {
    say(fmt::format("{}: left out: {}", file.string(), e.what()));
    writer.set_hash(index, std::nullopt);
  };
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const BagSource& source = sources[i];
    const BagEntry& entry = writer.table()[i];
    try {
      const Bag bag = read_patient_bag(source.cohort_name, source.patient_name, source.files, source.width);
      if (static_cast<std::uint64_t>(bag.tiles) != entry.tiles) throw InputError("changed while it was read");
      writer.write(entry.offset, std::as_bytes(std::span(bag.values)));
      writer.set_hash(i, hash_bag(bag.values));
    } catch (const InputError& e) {
      leave_out(i, e);
    } catch (const SystemError& e) {
      leave_out(i, e);
    }
  }
  writer.finish();
}

}  // namespace mtlgrid

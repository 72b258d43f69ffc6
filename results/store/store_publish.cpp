#include "results/store/store_publish.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "results/store/layout.h"
#include "results/store/sqlite.h"
#include "results/store/store_sum.h"

namespace mtlgrid {

namespace fs = std::filesystem;

namespace {

// The byte of a database that SQLite locks for a connection that is going to write (its file format, "PENDING_BYTE").
constexpr off_t kReservedByte = 0x40000001;
constexpr int kMostLinks = 40;  // as the kernel

// Keeps other programs from beginning to write to the file that is about to be replaced, so that none makes a rollback
// journal which the next reader would play back on the new file.
class WritersKeptOut {
 public:
  explicit WritersKeptOut(const fs::path& database) : file_(::open(database.c_str(), O_RDWR | O_CLOEXEC)) {
    struct flock lock = {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = kReservedByte;
    lock.l_len = 1;
    kept_out_ = !file_ || ::fcntl(file_.get(), F_OFD_SETLK, &lock) == 0;
    writing_ = !kept_out_ && (errno == EAGAIN || errno == EACCES);  // other errors: locks are not supported
    if (!writing_) return;
    lock.l_pid = 0;
    if (::fcntl(file_.get(), F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK) writer_ = lock.l_pid;
  }
  bool kept_out() const { return kept_out_; }
  // Whether a program has a transaction open; its process, 0 if it is not of this machine.
  bool writing() const { return writing_; }
  pid_t writer() const { return writer_; }

 private:
  FileDescriptor file_;
  bool kept_out_ = false, writing_ = false;
  pid_t writer_ = 0;
};

// What SQLite would take for a part of whichever file is called STORE.
void remove_companions(const fs::path& database) {
  std::error_code ignored;
  for (const fs::path& file : {rollback_journal(database), write_ahead_log(database), write_ahead_index(database)}) {
    fs::remove(file, ignored);
  }
}

std::string notice_of(const fs::path& store, pid_t writer) {
  return store.string() + ": another program" + (writer > 0 ? " (process " + std::to_string(writer) + ")" : "") +
         " writes to it; nothing waits for that, and what it writes is not kept: results are in " +
         store_path(store.filename(), StoreFile::journal).string() +
         ", from which this file is published again and again. To read for long, open " +
         store_path(store.filename(), StoreFile::snapshot).string() +
         " or use `mtlgrid query`; keep views of your own in a database of your own (ATTACH)";
}

}  // namespace

fs::path database_file(const fs::path& store) {
  fs::path file = store;
  std::error_code error;
  for (int links = 0; links < kMostLinks && fs::is_symlink(file, error); ++links) {
    const fs::path to = fs::read_symlink(file, error);
    file = to.is_absolute() ? to : file.parent_path() / to;
  }
  return file;
}

StorePublisher::StorePublisher(Platform& platform, fs::path store) : platform_(platform), store_(std::move(store)) {
  aim_at(database_file(store_));
}

void StorePublisher::aim_at(fs::path target) {
  target_ = std::move(target);
  fresh_ = temporary_path(store_path(target_, StoreFile::working));
  seen_ = stamp_of(target_);
}

// STORE was a link and is gone: what is published from now on is a file in its place.
void StorePublisher::follow_store() {
  struct stat there = {};
  if (target_ != store_ && ::lstat(store_.c_str(), &there) != 0 && errno == ENOENT) aim_at(store_);
}

void StorePublisher::copy(const Database& database, const fs::path& to) {
  std::error_code ignored;
  fs::remove(to, ignored);
  struct stat old = {};
  const mode_t mode = ::stat(target_.c_str(), &old) == 0 ? old.st_mode & 0666 : 0644;  // 0644: as SQLite
  FileDescriptor made(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!made) throw FileError(to, "cannot be created", errno);
  made.close();
  try {
    Database copied(to, Database::Mode::create);
    // A copy can be made again at any time: it need not survive a power cut.
    copied.execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF");
    copy_database(database, copied);
  } catch (...) {
    fs::remove(to, ignored);
    throw;
  }
}

void StorePublisher::publish_snapshot(const Database& database) {
  const fs::path snapshot = store_path(store_, StoreFile::snapshot), temporary = temporary_path(snapshot);
  copy(database, temporary);
  if (platform_.rename(temporary.c_str(), snapshot.c_str()) == 0) return;
  const int code = errno;
  std::error_code ignored;
  fs::remove(temporary, ignored);
  throw FileError(snapshot, "cannot be published", code);
}

void StorePublisher::publish_store(const Database& database) {
  follow_store();
  copy(database, fresh_);
  try {
    replace_store(fresh_);
    lags_ = false;
  } catch (const FileError& e) {
    if (e.disk_full()) throw;
    if (!lags_) {
      notice_ = std::string(e.what()) + "; it lags and is tried again, nothing waits for it; " +
                store_path(store_.filename(), StoreFile::snapshot).string() + " has the newest results";
    }
    lags_ = true;
  }
}

void StorePublisher::finish(const Database& database) {
  follow_store();
  if (target_ != store_ && database_file(store_) != target_) {
    throw Error(ErrorKind::needs_person,
                store_.string() + ": was a link to " + target_.string() + " and leads elsewhere since; put it back");
  }
  const StoreContents contents = contents_of(database);
  copy(database, fresh_);
  const std::string sum = make_sum(fresh_, contents);
  {
    const FileDescriptor file(::open(fresh_.c_str(), O_RDWR | O_CLOEXEC));
    if (!file || platform_.fsync(file.get()) != 0) throw FileError(fresh_, "cannot be synchronised", errno);
  }
  replace_store(fresh_);
  sync_folder(platform_, target_.parent_path());
  write_sum(platform_, store_, sum);
}

void StorePublisher::replace_store(const fs::path& fresh) {
  const WritersKeptOut writers(target_);
  std::error_code ignored;
  const auto log = fs::file_size(write_ahead_log(target_), ignored);
  const bool logged = !ignored && log > 0;
  if (!noticed_ && (writers.writing() || logged || stamp_of(target_) != seen_)) {
    noticed_ = true;
    notice_ = notice_of(store_, writers.writer());
  }
  remove_companions(target_);
  if (platform_.rename(fresh.c_str(), target_.c_str()) != 0) {
    const int code = errno;
    fs::remove(fresh, ignored);
    throw FileError(store_, "cannot be published", code);
  }
  // A transaction that is open there may have begun its journal meanwhile; from now on SQLite sees that the file was
  // replaced, and refuses to.
  if (!writers.kept_out()) remove_companions(target_);
  seen_ = stamp_of(target_);
}

std::optional<std::string> StorePublisher::take_notice() { return std::exchange(notice_, std::nullopt); }

void write_done(Platform& platform, const fs::path& store, int status, std::uint64_t epoch, nlohmann::json counts) {
  if (!counts.is_object()) counts = nlohmann::json::object();
  counts["status"] = status;
  counts["epoch"] = epoch;
  counts["time"] = platform.now();
  write_by_rename(platform, store_path(store, StoreFile::done), counts.dump(2) + "\n");
}

}  // namespace mtlgrid

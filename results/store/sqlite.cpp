#include "results/store/sqlite.h"

#include <poll.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cctype>
#include <cerrno>
#include <cmath>
#include <optional>
#include <string>

#include "base/telling.h"

namespace mtlgrid {
namespace {

std::string position(const std::source_location& where) {
  std::string file = where.file_name();
  if (const auto slash = file.rfind('/'); slash != std::string::npos) file.erase(0, slash + 1);
  return file + ":" + std::to_string(where.line());
}

bool disk_is_full(int code, int system_errno) {
  if ((code & 0xff) == SQLITE_FULL) return true;
  return (code & 0xff) == SQLITE_IOERR && (system_errno == ENOSPC || system_errno == EDQUOT);
}

// Bytes that a file may have here (`ulimit -f`), if a failed write may be because of that: SQLite forgets the errno of
// a write before one can ask for it.
std::optional<rlim_t> limit_of_files(int code) {
  struct rlimit limit {};
  const bool limited = ::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
  return code == SQLITE_IOERR_WRITE && limited ? std::optional(limit.rlim_cur) : std::nullopt;
}

std::string immutable_uri(const std::filesystem::path& file) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string uri = file.is_absolute() ? "file://" : "file:";
  for (const char c : file.string()) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '/' || c == '.' || c == '-' || c == '_';
    if (plain) {
      uri += c;
    } else {
      uri += {'%', kDigits[static_cast<unsigned char>(c) >> 4], kDigits[static_cast<unsigned char>(c) & 15]};
    }
  }
  return uri + "?immutable=1";
}

ErrorKind kind_of(int code, int system_errno) {
  if (disk_is_full(code, system_errno) || limit_of_files(code)) return ErrorKind::needs_person;
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:  // of the disk or the file server
    case SQLITE_NOMEM:
      return ErrorKind::needs_person;
    default:
      return ErrorKind::fatal;
  }
}

// SQLite calls this while another program has a database locked; `tries` counts the calls. 0: it gives up.
int wait_for_others(void* name, int tries) {
  constexpr int kWait = 20, kSaid = 2'000;  // milliseconds
  if (tries * kWait >= Database::kBusyMilliseconds) return 0;
  if (tries * kWait == kSaid) {
    tell_message(*static_cast<const std::string*>(name) +
                 ": another program has it locked; waiting for that program, " +
                 std::to_string(Database::kBusyMilliseconds / 1000) + " s at most");
  }
  ::poll(nullptr, 0, kWait);
  return 1;
}

// SQLite opens what is beside a database, and would wait for the writer of a pipe.
void refuse_pipes_beside(const std::filesystem::path& file) {
  if (file.empty()) return;
  for (const char* end : {"", "-journal", "-wal", "-shm"}) {
    const std::filesystem::path path = file.string() + end;
    struct stat facts = {};
    if (::stat(path.c_str(), &facts) != 0 || S_ISREG(facts.st_mode) || S_ISDIR(facts.st_mode)) continue;
    throw Error(ErrorKind::needs_person,
                path.string() + ": is a pipe or device in the place of a file of SQLite; move it elsewhere");
  }
}

}  // namespace

void check_sqlite(sqlite3* connection, int code, std::source_location where) {
  if (code == SQLITE_OK) return;
  const int extended = connection ? sqlite3_extended_errcode(connection) : code;
  const int system = connection ? sqlite3_system_errno(connection) : 0;
  const char* file = connection ? sqlite3_db_filename(connection, "main") : nullptr;
  const std::string text = connection ? sqlite3_errmsg(connection) : sqlite3_errstr(code);
  std::string message = (file && *file) ? std::string(file) + ": " : "";
  message += "SQLite: " + text + " (code " + std::to_string(extended) + ", " + position(where) + ")";
  if (disk_is_full(code, system)) message += "; the disk or quota is full: free space there, then run again";
  if (const auto limit = limit_of_files(extended)) {
    message +=
        "; a file may have at most " + std::to_string(*limit) + " bytes here (ulimit -f): raise that, then run again";
  } else if ((code & 0xff) == SQLITE_IOERR && !disk_is_full(code, system)) {
    message += "; the disk or the file server reported an error: look at the system's log (dmesg), then run again";
  }
  throw SqliteError(kind_of(extended, system), extended, text, message);
}

bool SqliteError::damaged() const { return (code_ & 0xff) == SQLITE_CORRUPT || (code_ & 0xff) == SQLITE_NOTADB; }

Statement::Statement(sqlite3* connection, std::string_view sql, Where where) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(connection, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                      &statement, nullptr);
  statement_.reset(statement);
  check_sqlite(connection, code, where);
}

void Statement::check(int code, Where where) const { check_sqlite(sqlite3_db_handle(statement_.get()), code, where); }

void Statement::bind(int index, std::int64_t value, Where where) {
  check(sqlite3_bind_int64(statement_.get(), index, value), where);
}

void Statement::bind(int index, double value, Where where) {
  check(sqlite3_bind_double(statement_.get(), index, value), where);  // SQLite makes NULL of NaN
}

void Statement::bind(int index, std::string_view value, Where where) {
  const char* data = value.data() ? value.data() : "";
  check(sqlite3_bind_text64(statement_.get(), index, data, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8), where);
}

void Statement::bind_blob(int index, std::span<const std::byte> value, Where where) {
  if (value.empty()) return check(sqlite3_bind_zeroblob(statement_.get(), index, 0), where);
  check(sqlite3_bind_blob64(statement_.get(), index, value.data(), value.size(), SQLITE_TRANSIENT), where);
}

void Statement::bind_null(int index, Where where) { check(sqlite3_bind_null(statement_.get(), index), where); }

bool Statement::step(Where where) {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    reset();
    return false;
  }
  try {
    check(code, where);
  } catch (...) {
    reset();
    throw;
  }
  return false;
}

void Statement::run(Where where) {
  if (step(where)) reset();
}

void Statement::reset() { sqlite3_reset(statement_.get()); }

int Statement::columns() const { return sqlite3_column_count(statement_.get()); }

std::string Statement::column_name(int column) const { return sqlite3_column_name(statement_.get(), column); }

int Statement::type(int column) const { return sqlite3_column_type(statement_.get(), column); }

bool Statement::is_null(int column) const { return type(column) == SQLITE_NULL; }

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }

double Statement::real(int column) const {
  return is_null(column) ? std::nan("") : sqlite3_column_double(statement_.get(), column);
}

std::string Statement::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  if (!data) return "";
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

std::size_t Statement::length(int column) const {
  return static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
}

std::span<const std::byte> Statement::blob(int column) const {
  const auto* data = static_cast<const std::byte*>(sqlite3_column_blob(statement_.get(), column));
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Database::Database(const std::filesystem::path& file, Mode mode, std::source_location where) {
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const bool reading = mode == Mode::read_only || mode == Mode::immutable;
  flags |= reading ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  if (mode == Mode::immutable) flags |= SQLITE_OPEN_URI;
  if (mode == Mode::create) flags |= SQLITE_OPEN_CREATE;
  const std::string name = mode == Mode::immutable ? immutable_uri(file) : file.string();
  refuse_pipes_beside(file);
  sqlite3* connection = nullptr;
  const int code = sqlite3_open_v2(name.c_str(), &connection, flags, nullptr);
  connection_.reset(connection);
  if (code != SQLITE_OK) {
    const std::string text = connection ? sqlite3_errmsg(connection) : sqlite3_errstr(code);
    throw SqliteError(kind_of(code, 0), code, text,
                      file.string() + ": cannot be opened: SQLite: " + text + " (" + position(where) + ")");
  }
  name_ = std::make_unique<std::string>(file.string());
  check_sqlite(connection, sqlite3_busy_handler(connection, wait_for_others, name_.get()), where);
  execute("PRAGMA foreign_keys = ON", where);
}

void Database::execute(const std::string& sql, std::source_location where) {
  check_sqlite(handle(), sqlite3_exec(handle(), sql.c_str(), nullptr, nullptr, nullptr), where);
}

std::optional<std::int64_t> Database::integer(std::string_view sql) const {
  Statement statement = prepare(sql);
  if (!statement.step() || statement.is_null(0)) return std::nullopt;
  return statement.integer(0);
}

std::optional<std::string> Database::text(std::string_view sql) const {
  Statement statement = prepare(sql);
  if (!statement.step() || statement.is_null(0)) return std::nullopt;
  return statement.text(0);
}

bool Database::in_transaction() const { return sqlite3_get_autocommit(handle()) == 0; }

void Database::roll_back() noexcept {
  if (in_transaction()) sqlite3_exec(handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Database::Close::operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }

Transaction::Transaction(Database& database) : database_(database) { database_.execute("BEGIN IMMEDIATE"); }

Transaction::~Transaction() {
  if (open_) database_.roll_back();
}

void Transaction::commit() {
  database_.execute("COMMIT");
  open_ = false;
}

void copy_database(const Database& from, Database& to) {
  sqlite3_backup* backup = sqlite3_backup_init(to.handle(), "main", from.handle(), "main");
  if (!backup) check_sqlite(to.handle(), sqlite3_errcode(to.handle()));
  const int step = sqlite3_backup_step(backup, -1);
  const int finish = sqlite3_backup_finish(backup);
  check_sqlite(to.handle(), finish);
  if (step != SQLITE_DONE) throw Error(ErrorKind::fatal, "SQLite: a database was not copied whole");
}

}  // namespace mtlgrid

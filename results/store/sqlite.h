// SQLite with every return code checked: the one wrapper the project uses. Not thread safe: one thread a connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <source_location>
#include <span>
#include <string>
#include <string_view>

#include "base/errors.h"

// SQLite's own types; only sources that call SQLite themselves include <sqlite3.h>.
struct sqlite3;
struct sqlite3_stmt;

namespace mtlgrid {

// A failed SQLite call: what() has the database file, our source line, SQLite's code and its own text.
// Kind: needs_person for a full disk, a lock held elsewhere or missing permission; fatal for the rest.
class SqliteError : public Error {
 public:
  SqliteError(ErrorKind kind, int code, const std::string& text, const std::string& message)
      : Error(kind, message), code_(code), text_(text) {}
  int code() const { return code_; }                 // extended result code
  const std::string& text() const { return text_; }  // SQLite's own text alone
  bool damaged() const;                              // the file is not a database, or its pages are broken

 private:
  int code_;
  std::string text_;
};

// A prepared statement. Borrowed from its connection: it must not outlive it.
// Parameters count from 1 and columns from 0, as in SQLite's API.
class Statement {
 public:
  using Where = std::source_location;

  Statement(sqlite3* connection, std::string_view sql, Where where = Where::current());
  Statement(Statement&&) noexcept = default;
  Statement& operator=(Statement&&) noexcept = default;

  void bind(int index, std::int64_t value, Where where = Where::current());
  void bind(int index, int value, Where where = Where::current()) { bind(index, std::int64_t{value}, where); }
  void bind(int index, double value, Where where = Where::current());            // NaN becomes NULL
  void bind(int index, std::string_view value, Where where = Where::current());  // copied
  void bind(int index, const std::string& value, Where where = Where::current()) {
    bind(index, std::string_view(value), where);
  }
  void bind(int index, const char* value, Where where = Where::current()) {
    bind(index, std::string_view(value), where);
  }
  void bind_blob(int index, std::span<const std::byte> value, Where where = Where::current());  // copied
  void bind_null(int index, Where where = Where::current());
  // Binds 1, 2, ... in turn.
  template <typename... Values>
  Statement& bind_all(const Values&... values) {
    int index = 0;
    (bind(++index, values), ...);
    return *this;
  }

  // Whether there is a row. After the last one the statement is reset, ready to be bound and run again.
  bool step(Where where = Where::current());
  // For statements that give no rows: steps once and resets, also where it throws.
  void run(Where where = Where::current());
  void reset();

  int columns() const;
  std::string column_name(int column) const;
  int type(int column) const;  // SQLITE_INTEGER, SQLITE_FLOAT, SQLITE_TEXT, SQLITE_BLOB or SQLITE_NULL
  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  double real(int column) const;                      // NULL becomes NaN
  std::string text(int column) const;                 // NULL becomes ""
  std::size_t length(int column) const;               // of a text or blob, in bytes
  std::span<const std::byte> blob(int column) const;  // valid until the next step, reset or bind
  sqlite3_stmt* handle() const { return statement_.get(); }

 private:
  void check(int code, Where where) const;

  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

// A connection. Foreign keys are on, and a database that is locked is waited for `kBusyMilliseconds`, which is said.
class Database {
 public:
  // immutable: nobody changes the file meanwhile, so no lock is taken and neither a rollback journal nor a write-ahead
  // log beside it is looked at.
  enum class Mode { create, read_write, read_only, immutable };
  static constexpr int kBusyMilliseconds = 5'000;  // a reader's longest query on the store itself (guessed)

  Database(const std::filesystem::path& file, Mode mode, std::source_location where = std::source_location::current());

  // Runs one or several statements, ignoring rows.
  void execute(const std::string& sql, std::source_location where = std::source_location::current());
  Statement prepare(std::string_view sql, std::source_location where = std::source_location::current()) const {
    return Statement(connection_.get(), sql, where);
  }
  // The first column of the first row as an integer or text; nullopt without rows or for NULL.
  std::optional<std::int64_t> integer(std::string_view sql) const;
  std::optional<std::string> text(std::string_view sql) const;
  bool in_transaction() const;
  // Ends the open transaction, if there is one; never throws. SQLite ends it by itself after some errors (a full disk).
  void roll_back() noexcept;
  sqlite3* handle() const { return connection_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* connection) const;
  };
  std::unique_ptr<std::string> name_;  // for whoever waits: the file's, at an address that stays
  std::unique_ptr<sqlite3, Close> connection_;
};

// BEGIN IMMEDIATE now; ROLLBACK at the end of its life unless committed.
class Transaction {
 public:
  explicit Transaction(Database& database);
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();
  void commit();

 private:
  Database& database_;
  bool open_ = true;
};

// Copies one state of `from` (no transaction open on it) over `to`, whole.
void copy_database(const Database& from, Database& to);

// Throws the SqliteError of `code` on `connection` unless it is SQLITE_OK.
void check_sqlite(sqlite3* connection, int code, std::source_location where = std::source_location::current());

}  // namespace mtlgrid

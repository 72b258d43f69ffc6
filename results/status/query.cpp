#include "results/status/query.h"

#include <sqlite3.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <iterator>
#include <string_view>

#include "results/store/reading.h"

namespace mtlgrid {
namespace {

// Pragmas that only tell; every other one is refused.
constexpr const char* kTellingPragmas[] = {"table_info",       "table_xinfo",     "table_list",
                                           "index_list",       "index_info",      "index_xinfo",
                                           "foreign_key_list", "integrity_check", "quick_check"};

bool telling_pragma(const char* name) {
  for (const char* known : kTellingPragmas) {
    if (name && std::strcmp(name, known) == 0) return true;
  }
  return false;
}

// What a query may do: read. Called by SQLite while a statement is prepared.
int authorize(void*, int action, const char* first, const char* second, const char*, const char*) {
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE:
      return SQLITE_OK;
    case SQLITE_FUNCTION:
      return second && std::strcmp(second, "load_extension") == 0 ? SQLITE_DENY : SQLITE_OK;
    case SQLITE_PRAGMA:
      return telling_pragma(first) ? SQLITE_OK : SQLITE_DENY;
    default:
      return SQLITE_DENY;
  }
}

// Besides the limits that open_for_reading() sets for all readers.
void restrict_to_reading(Database& database) {
  sqlite3* connection = database.handle();
  sqlite3_limit(connection, SQLITE_LIMIT_ATTACHED, 0);
  check_sqlite(connection, sqlite3_set_authorizer(connection, authorize, nullptr));
}

std::string hex(std::span<const std::byte> bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const std::byte b : bytes) {
    text += kDigits[std::to_integer<unsigned>(b) >> 4];
    text += kDigits[std::to_integer<unsigned>(b) & 15];
  }
  return text;
}

std::string shortest(double value) {
  std::array<char, 32> text;
  const auto end = std::to_chars(text.begin(), text.end(), value).ptr;
  return {text.begin(), end};
}

std::string quoted_identifier(const std::string& name) {
  std::string out = "\"";
  for (const char c : name) out.append(c == '"' ? 2 : 1, c);
  return out + "\"";
}

// Statements after the first: none, or the caller meant more than one.
void refuse_more(const Database& database, const Statement& first, const std::string& sql) {
  const Statement rest = database.prepare(std::string_view(sql).substr(std::strlen(sqlite3_sql(first.handle()))));
  if (rest.handle()) throw InputError("query: only one SQL statement is allowed");
}

}  // namespace

QueryResult fetch(Statement& statement) {
  QueryResult result;
  const int columns = statement.columns();
  for (int i = 0; i < columns; ++i) result.columns.push_back(statement.column_name(i));
  while (statement.step()) {
    auto& row = result.rows.emplace_back();
    auto& number = result.number.emplace_back();
    for (int i = 0; i < columns; ++i) {
      const int type = statement.type(i);
      number.push_back(type == SQLITE_INTEGER || (type == SQLITE_FLOAT && std::isfinite(statement.real(i))));
      if (type == SQLITE_NULL) {
        row.emplace_back();
      } else if (type == SQLITE_FLOAT) {
        row.emplace_back(shortest(statement.real(i)));
      } else if (type == SQLITE_BLOB) {
        row.emplace_back(hex(statement.blob(i)));
      } else {
        row.emplace_back(statement.text(i));
      }
    }
  }
  return result;
}

QueryResult query(const std::filesystem::path& store, const std::string& sql) {
  Database database = open_for_reading(store);
  restrict_to_reading(database);
  try {
    Statement statement = database.prepare(sql);
    if (!statement.handle()) throw InputError("query: the SQL statement is empty");
    refuse_more(database, statement, sql);
    return fetch(statement);
  } catch (const SqliteError& e) {
    throw InputError("query: " + e.text());
  }
}

QueryResult rows_of_view(const std::filesystem::path& store, const std::string& view, std::int64_t grid) {
  Database database = open_for_reading(store);
  restrict_to_reading(database);
  try {
    // A name cannot be bound as a parameter: it must be that of a view, and is quoted as SQL wants it.
    Statement known = database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'view' AND name = ?");
    if (!known.bind_all(view).step()) throw InputError(store.string() + ": view '" + view + "' not found");
    known.reset();
    Statement rows = database.prepare("SELECT * FROM " + quoted_identifier(view) + " WHERE grid_id = ?");
    rows.bind_all(grid);
    return fetch(rows);
  } catch (const SqliteError& e) {
    throw InputError("query: " + e.text());
  }
}

std::vector<std::pair<std::string, std::string>> views(const std::filesystem::path& store) {
  const Database database = open_for_reading(store);
  Statement select = database.prepare("SELECT view, description FROM view_help ORDER BY view");
  std::vector<std::pair<std::string, std::string>> all;
  while (select.step()) all.emplace_back(select.text(0), select.text(1));
  return all;
}

}  // namespace mtlgrid

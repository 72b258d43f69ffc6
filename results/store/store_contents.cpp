#include "results/store/store_contents.h"

#include <sqlite3.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <map>
#include <set>
#include <string_view>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "results/store/schema.h"
#include "results/store/sqlite.h"

namespace mtlgrid {
namespace {

// Adds up the hashes of rows, so that their order does not matter.
class RowSum {
 public:
  void add(const Statement& row) {
    bytes_.clear();
    for (int column = 0; column < row.columns(); ++column) add_value(row, column);
    const XXH128_hash_t hash = XXH3_128bits(bytes_.data(), bytes_.size());
    low_ += hash.low64;
    high_ += hash.high64;
    ++rows_;
  }

  TableContents of(const std::string& name) const {
    char digits[33];
    std::snprintf(digits, sizeof digits, "%016llx%016llx", static_cast<unsigned long long>(high_),
                  static_cast<unsigned long long>(low_));
    return {name, rows_, digits};
  }

 private:
  void add_value(const Statement& row, int column) {
    const int type = row.type(column);
    bytes_ += static_cast<char>(type);
    switch (type) {
      case SQLITE_INTEGER:
        return add_word(static_cast<std::uint64_t>(row.integer(column)));
      case SQLITE_FLOAT:
        return add_word(std::bit_cast<std::uint64_t>(row.real(column)));
      case SQLITE_NULL:
        return;
      default: {  // text is read as its bytes
        const auto bytes = row.blob(column);
        add_word(bytes.size());
        bytes_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      }
    }
  }
  void add_word(std::uint64_t word) { bytes_.append(reinterpret_cast<const char*>(&word), sizeof word); }

  std::string bytes_;
  std::uint64_t low_ = 0, high_ = 0;
  std::int64_t rows_ = 0;
};

struct OwnSchema {
  std::set<std::string> names;                               // of tables, indices and views
  std::vector<std::pair<std::string, std::string>> objects;  // their types and names, in the order of the schema
  std::vector<std::string> definitions;                      // their SQL; "" of an index that a constraint implies
  std::vector<std::string> tables;                           // in the order of the schema
};

const OwnSchema& own_schema() {
  static const OwnSchema kOwn = [] {
    OwnSchema own;
    Database empty(":memory:", Database::Mode::create);
    empty.execute(schema_sql());
    Statement objects = empty.prepare("SELECT name, type, sql FROM sqlite_schema ORDER BY rowid");
    while (objects.step()) {
      own.definitions.push_back(objects.text(2));
      own.names.insert(objects.text(0));
      own.objects.emplace_back(objects.text(1), objects.text(0));
      if (objects.text(1) == "table") own.tables.push_back(objects.text(0));
    }
    return own;
  }();
  return kOwn;
}

constexpr std::string_view kImplied = "sqlite_autoindex_", kStatistics = "sqlite_stat";
constexpr std::size_t kNamed = 5;  // parts; more would not fit a line

}  // namespace

StoreContents contents_of(const Database& database) {
  StoreContents contents;
  RowSum schema;
  Statement objects = database.prepare("SELECT name, type, tbl_name, sql FROM sqlite_schema");
  while (objects.step()) {
    if (own_schema().names.contains(objects.text(0))) schema.add(objects);
  }
  contents.push_back(schema.of("schema"));
  for (const std::string& table : own_schema().tables) {
    RowSum sum;
    // Which machine uses a store does not belong to what it holds.
    const char* const part = table == "meta" ? " WHERE key <> 'in_use_on'" : "";
    Statement rows = database.prepare("SELECT * FROM main.\"" + table + "\"" + part);
    while (rows.step()) sum.add(rows);
    contents.push_back(sum.of(table));
  }
  return contents;
}

std::string first_difference(const StoreContents& a, const StoreContents& b) {
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (a[i] != b[i]) return a[i].name;
  }
  if (a.size() == b.size()) return "";
  return a.size() > b.size() ? a[b.size()].name : b[a.size()].name;
}

std::vector<std::string> foreign_parts(const Database& database) {
  std::vector<std::string> parts;
  Statement objects = database.prepare("SELECT name, type FROM sqlite_schema ORDER BY rowid");
  while (objects.step()) {
    const std::string name = objects.text(0);
    if (own_schema().names.contains(name) || name.starts_with(kImplied)) continue;
    parts.push_back((name.starts_with(kStatistics) ? "ANALYZE's " : "") + objects.text(1) + " " + name);
  }
  if (database.text("PRAGMA main.journal_mode") == "wal") parts.emplace_back("WAL mode");
  return parts;
}

std::vector<std::string> missing_parts(const Database& database) {
  std::set<std::string> there;
  Statement names = database.prepare("SELECT name FROM sqlite_schema");
  while (names.step()) there.insert(names.text(0));
  std::vector<std::string> parts;
  for (const auto& [type, name] : own_schema().objects) {
    if (!there.contains(name)) parts.push_back(type + " " + name);
  }
  return parts;
}

std::string redefined_part(const Database& database) {
  std::map<std::pair<std::string, std::string>, std::string> there;
  Statement objects = database.prepare("SELECT type, name, sql FROM sqlite_schema");
  while (objects.step()) there[{objects.text(0), objects.text(1)}] = objects.text(2);
  const OwnSchema& own = own_schema();
  for (std::size_t i = 0; i < own.objects.size(); ++i) {
    const auto found = there.find(own.objects[i]);
    if (found == there.end() || found->second != own.definitions[i]) {
      return own.objects[i].first + " " + own.objects[i].second;
    }
  }
  return "";
}

std::string enumerated(const std::vector<std::string>& parts) {
  std::string text;
  for (std::size_t i = 0; i < std::min(parts.size(), kNamed); ++i) text += (i > 0 ? ", " : "") + parts[i];
  if (parts.size() > kNamed) text += " and " + std::to_string(parts.size() - kNamed) + " more";
  return text;
}

std::string broken_table(const Database& database) {
  for (const std::string& table : own_schema().tables) {
    const std::string broken = broken_table(database, table);
    if (!broken.empty()) return broken;
  }
  return "";
}

std::string broken_table(const Database& database, const std::string& table) {
  const std::string found = database.text("PRAGMA main.integrity_check(\"" + table + "\")").value_or("no answer");
  return found == "ok" ? "" : table + ": " + found;
}

}  // namespace mtlgrid

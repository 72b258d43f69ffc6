#include "results/store/not_a_store.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "base/errors.h"
#include "base/file_beginning.h"
#include "base/files.h"
#include "results/store/layout.h"
#include "results/store/sqlite.h"
#include "results/store/store_contents.h"

namespace mtlgrid {

namespace fs = std::filesystem;

namespace {

constexpr int kLooked = 5000;                  // entries of a folder; one of features has as many, and no store
constexpr std::size_t kConfigBytes = 1 << 16;  // in which a configuration names its store
constexpr std::string_view kDatabaseMagic("SQLite format 3\0", 16), kJournalMagicText = "mtlgridJ",
                                                                    kHdf5Magic = "\x89HDF\r\n\x1a\n";

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

bool is_store(const fs::path& file) {
  if (!is_file(file) || beginning_of(file, kDatabaseMagic.size()) != kDatabaseMagic) return false;
  try {
    const Database database(file, Database::Mode::immutable);
    return database.integer("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'meta'") &&
           database.integer("SELECT value FROM meta WHERE key = 'schema_version'");
  } catch (const SqliteError&) {
    return false;
  }
}

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  fs::directory_iterator entry(folder.empty() ? fs::path(".") : folder, error);
  for (; !error && entry != fs::directory_iterator() && entries.size() < kLooked; entry.increment(error)) {
    entries.push_back(folder / entry->path().filename());
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

// The store that `file` is a file of by its name, e.g. grid.db of grid.db.sum; "" if it is of none.
fs::path store_of(const fs::path& file) {
  const std::string name = file.filename().string();
  for (std::size_t dot = name.find_first_of(".-", 1); dot != std::string::npos;
       dot = name.find_first_of(".-", dot + 1)) {
    const std::string store = name.substr(0, dot);
    const auto parsed = parse_store_name(store, name);
    if (!parsed || *parsed == StoreName{}) continue;
    const fs::path beside_it = file.parent_path() / store, journal = store_path(beside_it, StoreFile::journal);
    if (is_file(beside_it) || (journal != file && is_file(journal))) return beside_it;
  }
  return {};
}

std::string names_of(const std::vector<fs::path>& files) {
  std::vector<std::string> names;
  for (const fs::path& file : files) names.push_back(file.filename().string());
  return enumerated(names);
}

// "it holds the store grid.db: type results/grid.db"; what else may help if it holds none.
std::string stores_text(const fs::path& folder) {
  const std::vector<fs::path> stores = stores_in(folder);
  if (stores.size() == 1) {
    return "it holds the store " + names_of(stores) + ": type " + stores[0].string();
  }
  if (!stores.empty())
    return "it holds the stores " + names_of(stores) + ": type one of them, as " + stores[0].string();
  std::vector<fs::path> below;
  for (const fs::path& entry : entries_of(folder)) {
    std::error_code error;
    if (entry.extension() == store_path("", StoreFile::journal) && is_file(entry)) {
      fs::path lost = entry;
      lost.replace_extension();
      return "it holds " + entry.filename().string() +
             ", the journal of a store whose database is gone: `mtlgrid doctor " + lost.string() +
             " --rebuild` rebuilds it";
    }
    if (!fs::is_directory(entry, error)) continue;
    for (const fs::path& store : stores_in(entry)) below.push_back(store);
  }
  if (below.empty()) return "it holds no store";
  return "it holds no store, but below it there is " + below[0].string();
}

std::string folder_text(const fs::path& folder) {
  const fs::path plain = folder.has_filename() ? folder : folder.parent_path();
  const fs::path store = store_of(plain);
  const std::string is = plain.string() + " is a folder; ";
  if (!store.empty()) return is + "it belongs to the store " + store.filename().string() + ": type " + store.string();
  return is + stores_text(plain);
}

std::string missing_text(const fs::path& store) {
  std::error_code error;
  if (fs::is_symlink(store, error)) {
    return store.string() + ": store not found: it is a link to " + fs::read_symlink(store, error).string() +
           ", which does not exist";
  }
  const std::string text = store.string() + ": store not found; ";
  const fs::path folder = store.parent_path();
  if (!folder.empty() && !fs::is_directory(folder, error)) return text + "there is no folder " + folder.string();
  if (is_file(store_path(store, StoreFile::journal))) {
    return text + "its journal is there: `mtlgrid doctor " + store.string() +
           " --rebuild`, or the next run, rebuilds it";
  }
  return text + (folder.empty() ? "of this folder: " : folder.string() + ": ") + stores_text(folder);
}

// The store that a configuration names, as it stands there; nullopt for another kind of file.
std::optional<std::string> configured_store(const fs::path& file) {
  const std::string text = beginning_of(file, kConfigBytes);
  if (text.find('\0') != std::string::npos || text.find("[grid]") == std::string::npos) return std::nullopt;
  for (std::size_t at = 0; at < text.size(); at = text.find('\n', at)) {
    at = text.find_first_not_of(" \t\r\n", at);
    if (at == std::string::npos) break;
    if (text.compare(at, 5, "store") != 0) continue;
    const std::size_t equals = text.find_first_not_of(" \t", at + 5);
    if (equals == std::string::npos || text[equals] != '=') continue;
    const std::size_t begin = text.find_first_not_of(" \t", equals + 1);
    if (begin == std::string::npos) break;
    std::string value = text.substr(begin, text.find_first_of("\r\n", begin) - begin);
    value.erase(value.find_last_not_of(" \t") + 1);
    return value;
  }
  return "";
}

// What kind of file this is in place of a store; "" if there is nothing more to say than that.
std::string kind_text(const fs::path& file) {
  if (fs::file_size(file) == 0) {
    return "is empty: " + std::string(is_file(store_path(file, StoreFile::journal))
                                          ? "its journal is there: `mtlgrid doctor " + file.string() + " --rebuild`"
                                          : "no run has written to it");
  }
  const std::string start = beginning_of(file, kDatabaseMagic.size());
  const fs::path store = store_of(file);
  if (!store.empty() && start != kDatabaseMagic) {
    return "is a file of the store " + store.filename().string() + ": type " + store.string();
  }
  if (start.starts_with(kJournalMagicText)) {
    const std::string named = file.parent_path() / file.stem();
    return "is the journal of a store whose database is missing: `mtlgrid doctor " + named + " --rebuild` rebuilds it";
  }
  if (start.starts_with(kHdf5Magic)) return "is an HDF5 file (features), not a store";
  if (const auto configured = configured_store(file)) {
    const fs::path named = configured->empty() ? fs::path() : file.parent_path() / *configured;
    return "is a configuration, not a store" + (named.empty() ? "" : "; its store is " + named.string());
  }
  return "";
}

}  // namespace

std::vector<fs::path> stores_in(const fs::path& folder) {
  std::vector<fs::path> stores;
  for (const fs::path& entry : entries_of(folder)) {
    if (store_of(entry).empty() && is_store(entry)) stores.push_back(entry);
  }
  return stores;
}

void require_store_file(const fs::path& store) {
  std::error_code error;
  const fs::file_status status = fs::status(store, error);
  if (status.type() == fs::file_type::directory) throw InputError(folder_text(store));
  if (status.type() == fs::file_type::not_found) throw InputError(missing_text(store));
  if (error == std::errc::permission_denied) throw FileError(store, "cannot be read", EACCES);
  if (status.type() == fs::file_type::none) throw InputError(store.string() + ": cannot be read: " + error.message());
  if (status.type() != fs::file_type::regular) throw InputError(store.string() + ": is a device or pipe, not a store");
  if (::access(store.c_str(), R_OK) != 0) throw FileError(store, "cannot be read", errno);
  const std::string kind = kind_text(store);
  if (!kind.empty()) throw InputError(store.string() + " " + kind);
}

}  // namespace mtlgrid

#include "results/store/store_publish.h"

#include <cerrno>
#include <system_error>

#include "results/store/layout.h"
#include "results/store/sqlite.h"

namespace mtlgrid {

namespace fs = std::filesystem;

namespace {

void write_snapshot(const Database& from, const fs::path& file) {
  Database to(file, Database::Mode::create);
  // A snapshot can be made again at any time: it need not survive a power cut.
  to.execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF");
  copy_database(from, to);
}

}  // namespace

void publish_snapshot(Platform& platform, Database& database, const fs::path& store) {
  const fs::path snapshot = store_path(store, StoreFile::snapshot), temporary = temporary_path(snapshot);
  std::error_code ignored;
  fs::remove(temporary, ignored);
  try {
    write_snapshot(database, temporary);
    if (platform.rename(temporary.c_str(), snapshot.c_str()) != 0) {
      throw FileError(snapshot, "cannot be published", errno);
    }
  } catch (...) {
    fs::remove(temporary, ignored);
    throw;
  }
}

void write_done(Platform& platform, const fs::path& store, int status, std::uint64_t epoch, nlohmann::json counts) {
  if (!counts.is_object()) counts = nlohmann::json::object();
  counts["status"] = status;
  counts["epoch"] = epoch;
  counts["time"] = platform.now();
  write_by_rename(platform, store_path(store, StoreFile::done), counts.dump(2) + "\n");
}

}  // namespace mtlgrid

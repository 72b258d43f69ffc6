#include "results/store/reading.h"

#include <sqlite3.h>

#include <array>
#include <map>
#include <mutex>
#include <system_error>

#include "datasets/features/fingerprint.h"
#include "results/store/impossible.h"
#include "results/store/layout.h"
#include "results/store/not_a_store.h"
#include "results/store/store_check.h"
#include "results/store/store_lock.h"
#include "results/store/store_open.h"

namespace mtlgrid {

namespace fs = std::filesystem;

namespace {

// check_store(), once for each state of the files: a command opens its store several times, --watch again and again.
StoreCheck check_once(const fs::path& store) {
  struct Known {
    std::array<std::optional<FileStamp>, 3> of;
    StoreCheck check;
  };
  static std::mutex mutex;
  static std::map<fs::path, Known> known;
  const std::lock_guard guard(mutex);
  const auto stamps = [&] {
    return std::array{stamp_of(store), stamp_of(store_path(store, StoreFile::sum)),
                      stamp_of(store_path(store, StoreFile::journal))};
  };
  const auto now = stamps();
  const auto found = known.find(store);
  if (found != known.end() && found->second.of == now) return found->second.check;
  StoreCheck check = check_store(store);
  known[store] = {stamps(), check};
  return check;
}

std::string rebuild_command(const fs::path& store) { return "`mtlgrid doctor " + store.string() + " --rebuild`"; }

// What to do about a store that is not what the last run left.
std::string way_out(const fs::path& store) {
  if (fs::exists(store_path(store, StoreFile::journal))) {
    return rebuild_command(store) + ", or the next run, rebuilds it from its journal";
  }
  const std::string name = store.filename().string();
  std::error_code error;
  const bool summed = fs::exists(store_path(store, StoreFile::sum), error);
  return "copy " + store_path(name, StoreFile::journal).string() + " from where the store was made to its side, then " +
         rebuild_command(store) + " rebuilds it; or take another copy of " + name +
         (summed ? "; or remove " + store_path(name, StoreFile::sum).string() + " to read it unchecked, as it is" : "");
}

void refuse_changed(const fs::path& store, const StoreCheck& check) {
  if (check.kind == StoreCheck::Kind::differs) {
    throw InputError(store.string() + ": is not what the last run left (" + check.what +
                     "): it is damaged, or another program changed it; " + way_out(store));
  }
  if (check.kind == StoreCheck::Kind::unknown) {
    throw InputError(store.string() +
                     ": its bytes differ from those that the last run left, and its sum is of an earlier version, "
                     "which does not tell whether its contents do; " +
                     way_out(store));
  }
}

}  // namespace

fs::path readable_store(const fs::path& store) {
  fs::path snapshot = store_path(store, StoreFile::snapshot);
  std::error_code error;  // of a folder that may not be searched: whoever opens the store says so
  if (!fs::exists(snapshot, error)) return store;
  if (!fs::exists(store, error)) return snapshot;
  const auto holder = read_lock(store_path(store, StoreFile::lock));
  return holder && life_of(*holder, Platform::real()) != HolderLife::dead ? snapshot : store;
}

Database open_for_reading(const fs::path& store) {
  const fs::path file = readable_store(store);
  require_store_file(file);
  try {
    const StoreCheck check = file == store ? check_once(store) : StoreCheck{};
    refuse_changed(store, check);
    Database database = open_distrusted(file, check.kind == StoreCheck::Kind::same_bytes);
    database.execute("BEGIN");  // one state until the connection is closed, whatever other programs write meanwhile
    const std::string unreadable = unreadable_schema(database);
    if (unreadable.empty()) {
      const std::string impossible = impossible_contents(database);
      if (impossible.empty()) return database;
      throw written_by_no_run(file, impossible);
    }
    const bool older = unreadable.starts_with("has ") && unreadable.find("use the version") == std::string::npos;
    throw InputError(
        file.string() + ": " + unreadable +
        (older ? "; " + rebuild_command(store) + ", or a run with this program, rebuilds an older store" : ""));
  } catch (const SqliteError& e) {
    if ((e.code() & 0xff) == SQLITE_BUSY) {
      throw Error(ErrorKind::needs_person,
                  file.string() + ": another program has it locked; end its transaction, or that program");
    }
    throw InputError(e.damaged() ? file.string() + ": not an mtlgrid store, or damaged: SQLite: " + e.text()
                                 : e.what());
  }
}

InputError written_by_no_run(const fs::path& store, const std::string& what) {
  return InputError(store.string() + ": holds what no run writes (" + what +
                    "): it is damaged, or another program made or changed it; " + way_out(store));
}

Database open_copy_for_reading(const fs::path& store) {
  const Database original = open_for_reading(store);
  Database copy("", Database::Mode::create);
  copy_database(original, copy);
  // Its tables and views are ours: open_for_reading() has compared their definitions.
  return copy;
}

void refuse_unreadable(const fs::path& store, const SqliteError& error) {
  const int code = error.code() & 0xff;
  if (!error.damaged() && code != SQLITE_TOOBIG && code != SQLITE_MISMATCH) throw error;
  throw InputError(store.string() + ": cannot be read to its end: SQLite: " + error.text() + "; " + way_out(store));
}

std::optional<std::string> foreign_notice(const fs::path& store) {
  std::error_code error;
  if (readable_store(store) != store || !fs::is_regular_file(store, error)) return std::nullopt;
  StoreCheck check;
  try {
    check = check_once(store);
    if (check.kind == StoreCheck::Kind::unchecked) {
      const std::vector<std::string> foreign = foreign_parts(open_distrusted(store, false));
      if (foreign.empty()) return std::nullopt;
      return store.string() + ": holds what another program added: " + enumerated(foreign);
    }
  } catch (const Error&) {
    return std::nullopt;  // open_for_reading() says it
  }
  if (check.kind != StoreCheck::Kind::same_contents) return std::nullopt;
  return store.string() + ": another program wrote to it" +
         (check.foreign.empty() ? "" : " and left " + enumerated(check.foreign)) +
         "; the results are those that the last run left";
}

}  // namespace mtlgrid

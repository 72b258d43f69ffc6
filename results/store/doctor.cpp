#include "results/store/doctor.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/cell.h"
#include "results/store/cell_columns.h"
#include "results/store/impossible.h"
#include "results/store/journal.h"
#include "results/store/layout.h"
#include "results/store/not_a_store.h"
#include "results/store/reading.h"
#include "results/store/store_check.h"
#include "results/store/store_lock.h"
#include "results/store/store_open.h"
#include "results/store/store_publish.h"
#include "results/store/store_recovery.h"
#include "results/store/store_state.h"

namespace mtlgrid {

namespace fs = std::filesystem;

namespace {

// One look at a store, part after part; each adds lines.
class Examination {
 public:
  Examination(fs::path store, CheckWeights check)
      : store_(std::move(store)), journal_(store_path(store_, StoreFile::journal)), check_weights_(std::move(check)) {}

  Diagnosis made() {
    const bool has_journal = fs::is_regular_file(journal_);
    // Without a database there still is something to say, if its journal is there.
    if (!has_journal || fs::is_directory(store_)) require_store_file(store_);
    lock();
    if (open_database()) {
      step("database", [this] { contents(); });
      sum();
    }
    if (journal() && database_) step("comparison", [this] { compare(); });
    if (database_ && possible_) step("weights", [this] { weights(); });
    return std::move(found_);
  }

 private:
  void ok(const std::string& line) { found_.lines.push_back("ok     " + line); }
  void note(const std::string& line) { found_.lines.push_back("note   " + line); }
  void wrong(const std::string& line) {
    found_.lines.push_back("WRONG  " + line);
    found_.healthy = false;
  }
  // The message, with the command that rebuilds, unless that would not help or the message has it.
  std::string advised(const Error& e) const {
    const std::string what = e.what();
    const bool said = e.kind() == ErrorKind::needs_person || what.find("--rebuild") != std::string::npos;
    return said ? what : what + "; " + rebuild();
  }
  // What cannot be read is as wrong as what differs.
  template <typename Look>
  void step(const char* what, Look&& look) {
    try {
      look();
    } catch (const SqliteError& e) {
      wrong(std::string(what) + ": cannot be read: SQLite: " + e.text() + "; " + rebuild());
    } catch (const Error& e) {
      wrong(std::string(what) + ": " + advised(e));
    }
  }
  std::string rebuild() const { return "`mtlgrid doctor " + store_.string() + " --rebuild`"; }

  void lock() {
    const auto holder = read_lock(store_path(store_, StoreFile::lock));
    if (!holder) return ok("lock: no run holds the store");
    if (!holder->trouble.empty()) {
      return wrong("lock: " + holder->described() + ": if no run is at work on this store, remove it");
    }
    const HolderLife life = life_of(*holder, Platform::real());
    run_ = life != HolderLife::dead;
    note("lock: " +
         std::string(life == HolderLife::dead    ? "left by a run that was killed; the next run takes it over: "
                     : life == HolderLife::alive ? "a run holds the store: "
                                                 : "of another machine, so its run may be in progress: ") +
         holder->described());
  }

  bool open_database() {
    const fs::path file = readable_store(store_);
    if (!fs::exists(file)) {
      wrong("database: missing; " + rebuild() + " makes it from the journal");
      return false;
    }
    try {
      require_store_file(file);
      check_ = file == store_ ? check_store(store_) : StoreCheck{};
      database_.emplace(open_distrusted(file, check_.kind == StoreCheck::Kind::same_bytes));
      const std::string unreadable = unreadable_schema(*database_);
      if (unreadable.empty()) {
        from_ = made_from(*database_);
        return true;
      }
      wrong("database: " + unreadable + "; " + rebuild() + " rebuilds an older store, if its journal is there");
    } catch (const Error& e) {
      wrong("database: " + advised(e));
    }
    database_.reset();
    return false;
  }

  void contents() {
    const std::string broken = broken_table(*database_);
    if (broken.empty()) {
      ok("database: SQLite finds no damage in its tables and indices");
    } else {
      wrong("database: table " + broken + "; " + rebuild());
    }
    const std::string impossible = impossible_contents(*database_);
    possible_ = impossible.empty();
    if (!possible_ && broken.empty()) wrong("database: holds what no run writes (" + impossible + "); " + rebuild());
    const std::vector<std::string> foreign = foreign_parts(*database_);
    if (!foreign.empty()) {
      note("database: another program left " + enumerated(foreign) + "; the next run, or " + rebuild() +
           ", rebuilds the file without");
    }
  }

  void sum() {
    const std::string name = store_path(store_.filename(), StoreFile::sum).string();
    switch (check_.kind) {
      case StoreCheck::Kind::same_bytes:
        return ok("sum: the database has the bytes that the last run left");
      case StoreCheck::Kind::same_contents:
        return note(
            "sum: other bytes than the last run left, but the same contents: another program wrote to the file");
      case StoreCheck::Kind::differs:
        return wrong("sum: the database is not what the last run left: " + check_.what + "; " + rebuild());
      case StoreCheck::Kind::unknown:
        return wrong(
            "sum: other bytes than the last run left, and nothing to compare the contents with; see the journal");
      case StoreCheck::Kind::unchecked:
        return note("sum: there is no " + name +
                    (run_ ? " during a run" : ": the last run was killed, or it was removed"));
    }
  }

  bool journal() {
    const std::string name = journal_.filename().string();
    if (!fs::exists(journal_)) {
      note("journal: no " + name + " here, as in a copy: the database can be read, but not rebuilt");
      return false;
    }
    try {
      end_ = read_journal(journal_, [this](const JournalRecord& record) {
        if (record.sequence == from_.sequence) chain_ = record.chain;
      });
    } catch (const Error& e) {
      wrong("journal: " + std::string(e.what()));
      return false;
    }
    if (end_.id == 0) {
      wrong("journal: " + name +
            " has no whole record: restore it from a copy, if there is one; without it the database " +
            "can be read, but neither continued nor rebuilt");
      return false;
    }
    const std::string records = std::to_string(end_.sequence) + " whole records";
    const std::string rest = std::to_string(end_.size - end_.end) + " bytes after them ";
    if (end_.kind == JournalEnd::Kind::whole) {
      ok("journal: " + records + " with right checksums, " + std::to_string(end_.size) + " bytes");
    } else if (end_.kind == JournalEnd::Kind::torn && !run_) {
      note("journal: " + records + "; the " + rest + "are of a write that was cut off, and the next run removes them");
    } else if (end_.kind == JournalEnd::Kind::damaged) {
      wrong("journal: " + records + "; the " + rest + "are damaged: restore " + name + " from a copy, if there is one");
    }
    if (end_.fenced > 0)
      note("journal: skips " + std::to_string(end_.fenced) + " records of a run that had lost its lock");
    return true;
  }

  void compare() {
    const std::uint64_t have = from_.sequence;
    const std::string counts = std::to_string(have) + " of " + std::to_string(end_.sequence) + " records";
    if (from_.journal != end_.id) return wrong("comparison: the journal belongs to another store; restore its own");
    if (have > end_.sequence) {
      return wrong("comparison: the database holds everything up to record " + std::to_string(have) +
                   ", but the journal can be read to " + std::to_string(end_.sequence) + " only: restore the journal");
    }
    if (may_be_apart(from_, {end_, chain_}) && difference_from_journal(*database_, journal_, have) == "runs") {
      return wrong("comparison: " + std::string(continued_apart(store_, journal_, have).what()));
    }
    if (have < end_.sequence && run_)
      return note("comparison: the database holds " + counts + "; a run is in progress");
    if (have < end_.sequence) {
      return wrong("comparison: the database holds " + counts + "; the next run, or " + rebuild() +
                   ", adds the others");
    }
    const auto journal = contents_of_journal(store_);
    if (!journal) return;
    const std::string other = first_difference(*journal, without_methods(contents_of(*database_)));
    if (other.empty()) return ok("comparison: the database holds exactly what the journal gives");
    const std::vector<std::string> missing = missing_parts(*database_);
    if (!missing.empty()) return wrong("comparison: the database lacks " + enumerated(missing) + "; " + rebuild());
    wrong("comparison: " + std::string(other == "schema" ? "a table, index or view" : "table " + other) +
          " of the database differs from what the journal gives; " + rebuild());
  }

  void weights() {
    Statement grids = database_->prepare(
        "SELECT grid_id, identity FROM grids WHERE grid_id IN (SELECT grid_id FROM cells WHERE result_attempt IS NOT "
        "NULL) ORDER BY 1");
    while (grids.step()) weights_of(grids.integer(0), grids.text(1));
  }

  // What keeps a file from being used; empty if nothing does.
  std::string trouble_with(const fs::path& file, const Cell& cell, const std::string& identity) const {
    try {
      if (check_weights_) check_weights_(file, cell, identity);
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  }

  void weights_of(std::int64_t grid, const std::string& identity) {
    const std::string folder = grid_folder(store_, grid), name = "weights: grid " + std::to_string(grid);
    Statement cells = database_->prepare(
        "SELECT " + kCellColumns +
        ", result_attempt FROM cells WHERE grid_id = ? AND result_attempt IS NOT NULL ORDER BY cell_id");
    cells.bind_all(grid);
    std::size_t done = 0;
    std::vector<std::string> without, unusable;
    while (cells.step()) {
      ++done;
      const Cell cell = cell_at(cells);
      const fs::path attempt = attempt_folder(folder, cell, static_cast<int>(cells.integer(kCellColumnCount)));
      std::error_code error;
      if (!fs::exists(attempt / kWeightsFile, error)) {
        without.push_back(cell.name());
      } else if (const std::string trouble = trouble_with(attempt / kWeightsFile, cell, identity); !trouble.empty()) {
        unusable.push_back(trouble);
      }
    }
    const std::string counts = std::to_string(done - without.size()) + " of " + std::to_string(done) + " cells";
    if (!unusable.empty()) {
      wrong(name + ": those of " + std::to_string(unusable.size()) + " cells cannot be used, such as " +
            unusable.front());
    }
    if (without.empty()) {
      if (unusable.empty()) ok(name + ": those of " + counts + " are there");
      return;
    }
    if (without.size() == done) {
      return note(name + ": none are kept (keep_weights = none), or " + store_folder(store_).filename().string() +
                  " is not here: `predict` and `export` need them");
    }
    wrong(name + ": those of " + counts + " are there; missing: " + enumerated(without) +
          "; results are complete, and `mtlgrid cell CONFIG CELL --replace` trains a cell again");
  }

  fs::path store_, journal_;
  CheckWeights check_weights_;
  Diagnosis found_;
  std::optional<Database> database_;
  StoreCheck check_;
  MadeFrom from_;
  JournalEnd end_;
  std::optional<std::uint64_t> chain_;  // of the journal's record that the database says is its last
  bool run_ = false;
  bool possible_ = false;  // readers read the database
};

}  // namespace

Diagnosis examine_store(const fs::path& store, const CheckWeights& check) { return Examination(store, check).made(); }

void rebuild_store(Platform& platform, const fs::path& store, const std::function<void(const std::string&)>& say,
                   double stale_after) {
  const fs::path journal = store_path(store, StoreFile::journal);
  if (fs::is_directory(store)) require_store_file(store);
  if (!fs::is_regular_file(journal)) {
    throw InputError(journal.string() +
                     ": is missing, and nothing else can rebuild it; copy it here from "
                     "where the store was made. Nothing was changed");
  }
  StoreLock lock = StoreLock::take(platform, store_path(store, StoreFile::lock), stale_after, say);
  constexpr double kBeatSeconds = 1;
  double last_beat = platform.steady();
  RecoveredStore recovered = recover_store(
      platform, store, say,
      [&] {
        if (platform.steady() - last_beat < kBeatSeconds) return lock.check();
        last_beat = platform.steady();
        lock.renew();
      },
      Rebuild::always);
  lock.check();
  StorePublisher(platform, store).finish(recovered.database);
}

}  // namespace mtlgrid

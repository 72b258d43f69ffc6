#include "results/store/run_end.h"

#include "results/store/journal_guard.h"
#include "results/store/schema.h"
#include "results/store/store_check.h"
#include "results/store/store_contents.h"
#include "results/store/store_recovery.h"

namespace mtlgrid {

namespace {

std::string how_changed(const JournalEnd& end) {
  if (end.kind == JournalEnd::Kind::whole) return "was changed, with right checksums,";
  return "was changed at byte " + std::to_string(end.end) + ", after record " + std::to_string(end.sequence) + ",";
}

}  // namespace

std::optional<Database> compare_at_end(const std::filesystem::path& store, const Database& database,
                                       const JournalWriter& writer,
                                       const std::function<void(const std::string&)>& say) {
  Database built("", Database::Mode::create);
  JournalEnd end;
  try {
    end = build_from_journal(built, writer.file(), [] {});
  } catch (const SqliteError&) {
    throw;
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::needs_person) throw;
    throw journal_changed(writer.file(), store, "was changed (" + std::string(e.what()) + ")");
  }
  if (JournalPoint{end.sequence, end.chain} != writer.last() || end.end != writer.end() ||
      end.kind != JournalEnd::Kind::whole) {
    throw journal_changed(writer.file(), store, how_changed(end));
  }
  std::string other;
  std::vector<std::string> foreign;
  try {
    other = first_difference(without_methods(contents_of(built)), without_methods(contents_of(database)));
    foreign = foreign_parts(database);
  } catch (const SqliteError& e) {
    other = "SQLite: " + e.text();
  }
  if (other.empty() && foreign.empty()) return std::nullopt;
  say(store.string() + ": another program changed the database of this run (" +
      (other.empty() ? "it added " + enumerated(foreign) : other) + "); it was made again from the journal");
  add_new_methods(built);
  return built;
}

}  // namespace mtlgrid

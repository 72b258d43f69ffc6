// Writes records to the database. Live commits and rebuilds both use it, so that both give the same rows.
#pragma once

#include <memory>

#include "results/store/journal.h"
#include "results/store/store_records.h"

namespace mtlgrid {

class Database;

class RecordApplier {
 public:
  // `database` has the schema and must outlive this. Prepares every statement once.
  explicit RecordApplier(Database& database);
  RecordApplier(RecordApplier&&) noexcept;
  ~RecordApplier();

  struct Effect {
    bool changed = false;  // false: the database holds this already, so that no record is needed
    bool counts = false;   // results: whether it is its cell's result now
  };
  // The caller has a transaction open. The outcome depends on the database and the record alone, never on time or
  // place, so that a rebuilt database equals the live one. On an exception the caller must roll back.
  // Throws Error(fatal) for a cell that is in no grid, SqliteError if rows violate the schema.
  Effect apply(const StoreRecord& record);

  // Records in `meta` that the database holds the journal's records up to this one.
  void mark(const JournalPoint& last);

 private:
  struct Statements;
  std::unique_ptr<Statements> s_;
};

}  // namespace mtlgrid

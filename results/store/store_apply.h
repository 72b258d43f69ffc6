// Applies records to the database: the one place that writes its rows, live and when it is rebuilt.
#pragma once

#include <cstdint>
#include <memory>

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
    bool changed = false;  // false: the database holds this already, and no record is needed
    bool counts = false;   // results: whether it is its cell's result now
  };
  // Inside a transaction of the caller. The outcome depends on the database and the record alone, never on time or
  // place, so that a rebuilt database equals the live one. On an exception the caller must roll back.
  // Throws Error(fatal) for a cell that no grid has, SqliteError where rows break the schema.
  Effect apply(const StoreRecord& record);

  // Notes that the record `sequence` of `epoch` is in the database now.
  void mark(std::uint64_t sequence);

 private:
  struct Statements;
  std::unique_ptr<Statements> s_;
};

}  // namespace mtlgrid

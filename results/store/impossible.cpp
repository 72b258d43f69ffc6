#include "results/store/impossible.h"

#include <iterator>
#include <optional>

#include "results/store/sqlite.h"
#include "results/store/store_contents.h"

namespace mtlgrid {
namespace {

// With a row a cell or fewer.
constexpr const char* kSmallTables[] = {"meta",         "runs",  "methods",  "grids",
                                        "grid_cohorts", "cells", "attempts", "view_help"};
constexpr const char* kReferring[] = {"grid_cohorts", "cells", "attempts"};

// Rows that satisfy the constraints of the schema, but no run writes: what is wrong, and SQL that finds one. Lengths in
// bytes. The limits are guessed: far above all that was ever seen.
struct Odd {
  const char* what;
  const char* sql;
};
constexpr Odd kOdd[] = {
    // Of a database that it may not write SQLite does not even read the CHECK constraints.
    {"table cells: a state, fold or repeat that no cell has",
     "SELECT 1 FROM cells WHERE fold < 0 OR repeat < 0 OR state NOT IN ('pending', 'running', 'done', 'failed') OR "
     "(state = 'done') "
     "<> "
     "(result_attempt IS NOT NULL) LIMIT 1"},
    {"table attempts: a number or outcome that no attempt has",
     "SELECT 1 FROM attempts WHERE attempt < 1 OR outcome NOT IN ('running', 'done', 'failed', 'crashed', 'lost', "
     "'stopped', 'interrupted') LIMIT 1"},
    {"table grid_cohorts: a role that no cohort has",
     "SELECT 1 FROM grid_cohorts WHERE role NOT IN ('train', 'external') LIMIT 1"},
    {"table cells: a name of 4 KiB or more",
     "SELECT 1 FROM cells WHERE max(length(CAST(biomarker AS BLOB)), length(CAST(auxiliary AS BLOB)), "
     "length(CAST(method AS BLOB))) >= 4096 LIMIT 1"},
    {"table methods: a name of 4 KiB or more",
     "SELECT 1 FROM methods WHERE length(CAST(name AS BLOB)) >= 4096 LIMIT 1"},
    {"table methods: a position that no method has",
     "SELECT 1 FROM methods WHERE position NOT BETWEEN 0 AND 1000000 LIMIT 1"},
    {"table grid_cohorts: a name of 4 KiB or more",
     "SELECT 1 FROM grid_cohorts WHERE max(length(CAST(biomarker AS BLOB)), length(CAST(cohort AS BLOB))) >= 4096 "
     "LIMIT 1"},
    {"table cells: a fold, repeat or attempt above a million",
     "SELECT 1 FROM cells WHERE fold > 1000000 OR repeat > 1000000 OR coalesce(result_attempt, 1) NOT BETWEEN 1 AND "
     "1000000 LIMIT 1"},
    {"table attempts: a number that no attempt has",
     "SELECT 1 FROM attempts WHERE attempt > 1000000 OR NOT (rank BETWEEN 0 AND 1000000000 AND threads BETWEEN 0 AND "
     "1000000000 AND pack BETWEEN 0 AND 1000000000 AND resumed BETWEEN 0 AND 1000000000 AND coalesce(best_epoch, 0) "
     "BETWEEN 0 AND 1000000000) LIMIT 1"},
    {"table attempts: a text of more than 16 MiB",
     "SELECT 1 FROM attempts WHERE length(CAST(host AS BLOB)) + length(CAST(device AS BLOB)) + length(CAST(cpu AS "
     "BLOB)) + length(CAST(version AS BLOB)) + length(CAST(libraries AS BLOB)) + length(CAST(members AS BLOB)) + "
     "length(CAST(cause AS BLOB)) + length(CAST(detail AS BLOB)) > 16777216 LIMIT 1"},
    {"table attempts: a time that is none",
     "SELECT 1 FROM attempts WHERE NOT (coalesce(started, 0) BETWEEN 0 AND 1e11 AND coalesce(ended, 0) BETWEEN 0 AND "
     "1e11) LIMIT 1"},
    {"table runs: a number that no run has",
     "SELECT 1 FROM runs WHERE epoch < 1 OR NOT opened BETWEEN 0 AND 1e11 OR length(CAST(host AS BLOB)) >= 4096 LIMIT "
     "1"},
    {"table grids: a number or text that no grid has",
     "SELECT 1 FROM grids WHERE grid_id < 1 OR NOT created BETWEEN 0 AND 1e11 OR length(CAST(identity AS BLOB)) >= "
     "4096 "
     "OR CASE WHEN json_valid(settings) THEN json_type(settings) <> 'object' ELSE 1 END LIMIT 1"},
    {"table cells: methods, folds, repeats and pairs that are a thousand times as many as the cells",
     "SELECT 1 FROM (SELECT count(*) AS cells, count(DISTINCT method) AS methods, count(DISTINCT fold) AS folds, "
     "count(DISTINCT repeat) AS repeats, "
     "count(DISTINCT biomarker || '/' || auxiliary) AS pairs FROM cells GROUP BY grid_id) "
     "WHERE 1.0 * methods * folds * repeats * pairs > 1000.0 * cells LIMIT 1"},
};

}  // namespace

std::string impossible_contents(const Database& database) {
  const std::string redefined = redefined_part(database);
  if (!redefined.empty()) return redefined + " is missing or defined otherwise";
  for (const char* table : kSmallTables) {
    const std::string broken = broken_table(database, table);
    if (!broken.empty()) return "table " + broken;
  }
  for (const char* table : kReferring) {
    Statement dangling = database.prepare("SELECT \"parent\" FROM pragma_foreign_key_check(?, 'main')");
    dangling.bind_all(table);
    if (dangling.step()) {
      return "table " + std::string(table) + ": a row refers to a row of " + dangling.text(0) + " that is not there";
    }
  }
  for (const Odd& odd : kOdd) {
    if (database.integer(odd.sql)) return odd.what;
  }
  return "";
}

}  // namespace mtlgrid

#include "results/store/schema.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "balancers/methods/registry.h"
#include "results/store/metric_sql.h"
#include "results/store/sqlite.h"

namespace mtlgrid {
namespace {

// Times are seconds since 1970 (UTC) as REAL. A number that is not defined (NaN in the records) is NULL.
constexpr const char* kTables = R"sql(
CREATE TABLE meta (            -- schema_version, sequence (last journal record applied), journal (its id)
  key   TEXT PRIMARY KEY,
  value ANY
) STRICT, WITHOUT ROWID;

CREATE TABLE runs (            -- every time the store was opened for writing
  epoch   INTEGER PRIMARY KEY,
  host    TEXT NOT NULL,
  pid     INTEGER NOT NULL,
  opened  REAL NOT NULL,
  version TEXT NOT NULL
) STRICT;

CREATE TABLE methods (         -- position: order of the paper's tables, from 0
  name     TEXT PRIMARY KEY,
  position INTEGER NOT NULL UNIQUE
) STRICT, WITHOUT ROWID;

CREATE TABLE grids (
  grid_id  INTEGER PRIMARY KEY,
  identity TEXT NOT NULL UNIQUE,     -- hash of what decides a cell's result
  settings TEXT NOT NULL CHECK (json_valid(settings)),  -- resolved configuration of the last registration
  content  TEXT NOT NULL,            -- hash of the last registration
  created  REAL NOT NULL
) STRICT;

CREATE TABLE grid_cohorts (    -- cohorts of a biomarker, in the configuration's order
  grid_id   INTEGER NOT NULL REFERENCES grids,
  biomarker TEXT NOT NULL,
  position  INTEGER NOT NULL,
  cohort    TEXT NOT NULL,
  role      TEXT NOT NULL CHECK (role IN ('train', 'external')),
  PRIMARY KEY (grid_id, biomarker, cohort)
) STRICT, WITHOUT ROWID;

CREATE TABLE cells (           -- cell_id ascends in the grid's order: repeat, pair, method, fold; a slide of a
                               -- grid of slides: (cohort, slide, 'extract', 0, 0)
  cell_id        INTEGER PRIMARY KEY,
  grid_id        INTEGER NOT NULL REFERENCES grids,
  biomarker      TEXT NOT NULL,
  auxiliary      TEXT NOT NULL,
  method         TEXT NOT NULL REFERENCES methods,
  fold           INTEGER NOT NULL CHECK (fold >= 0),
  repeat         INTEGER NOT NULL CHECK (repeat >= 0),
  state          TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'running', 'done', 'failed')),
  result_attempt INTEGER,            -- the attempt that counts
  name           TEXT NOT NULL AS    -- as in Cell::name()
                 (biomarker || '/' || auxiliary || iif(method = 'extract', '', '/' || method || '/' || fold ||
                                                iif(repeat = 0, '', '.' || repeat))),
  UNIQUE (grid_id, biomarker, auxiliary, method, fold, repeat),
  FOREIGN KEY (cell_id, result_attempt) REFERENCES attempts DEFERRABLE INITIALLY DEFERRED,
  CHECK ((state = 'done') = (result_attempt IS NOT NULL))
) STRICT;
CREATE INDEX cells_by_state ON cells (grid_id, state);

CREATE TABLE attempts (
  cell_id    INTEGER NOT NULL REFERENCES cells,
  attempt    INTEGER NOT NULL CHECK (attempt >= 1),
  host       TEXT NOT NULL,
  rank       INTEGER NOT NULL,
  device     TEXT NOT NULL,
  cpu        TEXT NOT NULL,
  threads    INTEGER NOT NULL,
  pack       INTEGER NOT NULL,       -- cells trained at the same time by one process
  version    TEXT NOT NULL,
  libraries  TEXT NOT NULL,
  members    TEXT NOT NULL,          -- methods of the pack, comma-separated
  started    REAL,
  ended      REAL,                   -- NULL while running, and where nobody saw the end
  outcome    TEXT NOT NULL
             CHECK (outcome IN ('running', 'done', 'failed', 'crashed', 'lost', 'stopped', 'interrupted')),
  cause      TEXT NOT NULL DEFAULT '',  -- one line
  detail     TEXT NOT NULL DEFAULT '',
  best_epoch INTEGER,
  resumed    INTEGER NOT NULL DEFAULT 0,  -- times this attempt was taken up again from its checkpoint
  PRIMARY KEY (cell_id, attempt)
) STRICT, WITHOUT ROWID;
CREATE INDEX attempts_by_outcome ON attempts (outcome);

CREATE TABLE metrics (
  cell_id  INTEGER NOT NULL,
  attempt  INTEGER NOT NULL,
  cohort   TEXT NOT NULL,            -- `test` (the held-out fold) or an external cohort
  metric   TEXT NOT NULL,
  position INTEGER NOT NULL,         -- order in the record, here and below
  value    REAL,
  ci_low   REAL,
  ci_high  REAL,
  n        INTEGER NOT NULL,         -- patients
  redrawn  INTEGER NOT NULL,         -- bootstrap resamples that were undefined
  reason   TEXT NOT NULL DEFAULT '', -- why value is NULL, or 'no CI: ...' why its CI is
  PRIMARY KEY (cell_id, attempt, cohort, metric),
  FOREIGN KEY (cell_id, attempt) REFERENCES attempts
) STRICT, WITHOUT ROWID;

CREATE TABLE predictions (
  cell_id    INTEGER NOT NULL,
  attempt    INTEGER NOT NULL,
  cohort     TEXT NOT NULL,
  patient    TEXT NOT NULL,
  position   INTEGER NOT NULL,
  label      INTEGER NOT NULL CHECK (label IN (0, 1)),
  score      REAL,                   -- P(positive)
  log_odds   REAL,                   -- logit(positive) - logit(negative)
  target     REAL,                   -- table units
  prediction REAL,                   -- table units
  PRIMARY KEY (cell_id, attempt, cohort, patient),
  FOREIGN KEY (cell_id, attempt) REFERENCES attempts
) STRICT, WITHOUT ROWID;

CREATE TABLE epochs (
  cell_id               INTEGER NOT NULL,
  attempt               INTEGER NOT NULL,
  epoch                 INTEGER NOT NULL CHECK (epoch >= 1),
  train_classification  REAL,
  train_regression      REAL,
  valid_classification  REAL,
  valid_regression      REAL,
  weight_classification REAL,
  weight_regression     REAL,
  seconds               REAL,
  PRIMARY KEY (cell_id, attempt, epoch),
  FOREIGN KEY (cell_id, attempt) REFERENCES attempts
) STRICT, WITHOUT ROWID;

CREATE TABLE embeddings (      -- with rowid: rows of 1.5 KB would overflow the pages of an index tree
  cell_id  INTEGER NOT NULL,
  attempt  INTEGER NOT NULL,
  cohort   TEXT NOT NULL,
  patient  TEXT NOT NULL,
  position INTEGER NOT NULL,
  vector   BLOB NOT NULL CHECK (length(vector) % 4 = 0),  -- float32, little-endian
  UNIQUE (cell_id, attempt, cohort, patient),
  FOREIGN KEY (cell_id, attempt) REFERENCES attempts
) STRICT;

CREATE TABLE splits (
  grid_id   INTEGER NOT NULL REFERENCES grids,
  biomarker TEXT NOT NULL,
  auxiliary TEXT NOT NULL,
  fold      INTEGER NOT NULL,
  patient   TEXT NOT NULL,
  role      TEXT NOT NULL CHECK (role IN ('train', 'valid', 'test')),
  PRIMARY KEY (grid_id, biomarker, auxiliary, fold, patient)
) STRICT, WITHOUT ROWID;

CREATE TABLE slide_results (   -- of grids of slides; NULL: not known
  cell_id      INTEGER NOT NULL,
  attempt      INTEGER NOT NULL,
  slide_file   TEXT NOT NULL,
  feature_file TEXT,                 -- NULL where no tile was kept
  bytes        INTEGER,              -- of the slide file
  width        INTEGER,              -- pixels, and height
  height       INTEGER,
  mpp          REAL,                 -- microns per pixel by which the tiles were cut
  mpp_source   TEXT,                 -- what says so: the slide, default_mpp or mpp_column
  tiles        INTEGER,              -- seen: kept, too bright and too plain ones together
  kept         INTEGER NOT NULL,
  too_bright   INTEGER,              -- rejected on the thumbnail, with the supertile
  too_plain    INTEGER,              -- rejected by their texture
  PRIMARY KEY (cell_id, attempt),
  FOREIGN KEY (cell_id, attempt) REFERENCES attempts
) STRICT, WITHOUT ROWID;

CREATE TABLE drops (           -- biomarker and auxiliary are '' where the whole cohort is concerned
  grid_id   INTEGER NOT NULL REFERENCES grids,
  biomarker TEXT NOT NULL,
  auxiliary TEXT NOT NULL,
  cohort    TEXT NOT NULL,
  patient   TEXT NOT NULL,
  slide     TEXT NOT NULL,           -- '' where the patient is dropped
  reason    TEXT NOT NULL,
  PRIMARY KEY (grid_id, biomarker, auxiliary, cohort, patient, slide, reason)
) STRICT, WITHOUT ROWID;

CREATE TABLE view_help (view TEXT PRIMARY KEY, description TEXT NOT NULL) STRICT, WITHOUT ROWID;
)sql";

// Means are over repeats, then over folds, then over auxiliaries, as in results/tables/table_mean.h; SQL's avg() leaves
// NULLs out and `have` counts what it used. What stands in braces comes from the registry of metrics (with_metrics).
constexpr const char* kViews = R"sql(
CREATE VIEW counted_metrics AS
SELECT c.grid_id, c.cell_id, c.biomarker, c.auxiliary, c.method, c.fold, c.repeat, m.attempt, m.cohort, m.metric, m.value,
       m.ci_low, m.ci_high, m.n, m.redrawn, m.reason
FROM cells c JOIN metrics m ON m.cell_id = c.cell_id AND m.attempt = c.result_attempt;

CREATE VIEW counted_predictions AS
SELECT c.grid_id, c.cell_id, c.biomarker, c.auxiliary, c.method, c.fold, c.repeat, p.attempt, p.cohort, p.patient, p.label,
       p.score, p.log_odds, p.target, p.prediction
FROM cells c JOIN predictions p ON p.cell_id = c.cell_id AND p.attempt = c.result_attempt;

CREATE VIEW counted_embeddings AS
SELECT c.grid_id, c.cell_id, c.biomarker, c.auxiliary, c.method, c.fold, c.repeat, e.attempt, e.cohort, e.patient, e.vector
FROM cells c JOIN embeddings e ON e.cell_id = c.cell_id AND e.attempt = c.result_attempt;

CREATE VIEW evaluation_cohorts AS
SELECT c.grid_id, c.biomarker, 'test' AS cohort, -1 AS position,
       coalesce((SELECT g.cohort FROM grid_cohorts g WHERE g.grid_id = c.grid_id AND g.biomarker = c.biomarker
                 AND g.role = 'train' ORDER BY g.position LIMIT 1), 'test') AS label
FROM (SELECT DISTINCT grid_id, biomarker FROM cells) c
UNION ALL
SELECT grid_id, biomarker, cohort, position, cohort FROM grid_cohorts WHERE role = 'external'
UNION ALL
SELECT DISTINCT m.grid_id, m.biomarker, m.cohort, 1000, m.cohort FROM counted_metrics m
WHERE m.cohort <> 'test' AND NOT EXISTS (SELECT 1 FROM grid_cohorts g WHERE g.grid_id = m.grid_id
                                         AND g.biomarker = m.biomarker AND g.cohort = m.cohort);

CREATE VIEW repeat_means AS
WITH wanted(metric) AS (VALUES {both_values})
SELECT c.grid_id, c.biomarker, k.cohort, k.label AS cohort_label, c.auxiliary, c.method, c.fold, w.metric,
       avg(m.value) AS value, count(m.value) AS have, count(*) AS want, min(c.cell_id) AS position
FROM cells c JOIN evaluation_cohorts k ON k.grid_id = c.grid_id AND k.biomarker = c.biomarker
JOIN wanted w ON w.metric {not_embedding} OR k.cohort <> 'test'
LEFT JOIN metrics m ON m.cell_id = c.cell_id AND m.attempt = c.result_attempt AND m.cohort = k.cohort
                    AND m.metric = w.metric
GROUP BY c.grid_id, c.biomarker, k.cohort, c.auxiliary, c.method, c.fold, w.metric;

CREATE VIEW fold_means AS
SELECT grid_id, biomarker, cohort, cohort_label, auxiliary, method, metric, avg(value) AS value, sum(have) AS have,
       sum(want) AS want, min(position) AS position
FROM repeat_means GROUP BY grid_id, biomarker, cohort, auxiliary, method, metric;

CREATE VIEW table1 AS
SELECT grid_id, biomarker, cohort, cohort_label, auxiliary, method, metric, 100 * value AS value, have, want
FROM fold_means WHERE metric {in_table1}
UNION ALL
SELECT grid_id, biomarker, cohort, cohort_label, 'mean', method, metric, 100 * avg(value), sum(have), sum(want)
FROM fold_means WHERE metric {in_table1} GROUP BY grid_id, biomarker, cohort, method, metric;

CREATE VIEW table2 AS
SELECT grid_id, biomarker, cohort, cohort_label, auxiliary, method, metric, value, have, want
FROM fold_means WHERE metric {in_table2}
UNION ALL
SELECT grid_id, biomarker, cohort, cohort_label, 'mean', method, metric, avg(value), sum(have), sum(want)
FROM fold_means WHERE metric {in_table2} GROUP BY grid_id, biomarker, cohort, method, metric;

CREATE VIEW method_ranking AS
SELECT grid_id, biomarker, cohort, cohort_label, metric, method, value, have, want,
       rank() OVER (PARTITION BY grid_id, biomarker, cohort, metric ORDER BY {best_first}) AS rank
FROM (SELECT * FROM table1 UNION ALL SELECT * FROM table2) WHERE auxiliary = 'mean' AND value IS NOT NULL;

CREATE VIEW cell_summary AS
SELECT c.grid_id, c.name AS cell, c.state,
       (SELECT count(*) FROM attempts t WHERE t.cell_id = c.cell_id) AS attempts, c.result_attempt, a.best_epoch,
       round(a.ended - a.started, 3) AS seconds, a.host, a.device,
{test_values}
FROM cells c LEFT JOIN attempts a ON a.cell_id = c.cell_id AND a.attempt = c.result_attempt;

CREATE VIEW attempt_summary AS
SELECT c.grid_id, c.name AS cell, c.state, a.attempt,
       a.outcome, iif(a.attempt IS c.result_attempt, 'yes', 'no') AS counts, a.cause, a.host, a.rank, a.device, a.pack,
       datetime(a.started, 'unixepoch') AS started, datetime(a.ended, 'unixepoch') AS ended,
       round(a.ended - a.started, 3) AS seconds,
       (SELECT count(*) FROM epochs e WHERE e.cell_id = a.cell_id AND e.attempt = a.attempt) AS epochs, a.best_epoch,
       a.resumed,
       'grid-' || c.grid_id || '/' || c.name || '/attempt-' || a.attempt || '/log' AS log
FROM attempts a JOIN cells c ON c.cell_id = a.cell_id;

CREATE VIEW failures AS
SELECT c.grid_id, c.name AS cell, c.state, a.attempt,
       a.outcome, a.cause, a.host, a.rank, a.device, datetime(a.ended, 'unixepoch') AS ended,
       'grid-' || c.grid_id || '/' || c.name || '/attempt-' || a.attempt || '/log' AS log, a.detail
FROM attempts a JOIN cells c ON c.cell_id = a.cell_id
WHERE a.outcome IN ('failed', 'crashed', 'lost', 'stopped', 'interrupted');

CREATE VIEW slides AS
WITH last AS (SELECT cell_id, max(attempt) AS attempt FROM attempts GROUP BY cell_id)
SELECT c.grid_id, c.biomarker AS cohort, c.auxiliary AS slide, c.state, s.tiles, s.kept, s.too_bright, s.too_plain,
       s.mpp, s.mpp_source, s.width, s.height, round(a.ended - a.started, 3) AS seconds, a.host, a.rank, a.device,
       a.attempt, iif(c.state = 'done', '', a.cause) AS cause, s.slide_file, s.feature_file,
       'grid-' || c.grid_id || '/' || c.name || '/attempt-' || a.attempt || '/log' AS log
FROM cells c LEFT JOIN last l ON l.cell_id = c.cell_id
LEFT JOIN attempts a ON a.cell_id = c.cell_id AND a.attempt = coalesce(c.result_attempt, l.attempt)
LEFT JOIN slide_results s ON s.cell_id = a.cell_id AND s.attempt = a.attempt
WHERE c.method = 'extract';

CREATE VIEW slide_counts AS
SELECT grid_id, cohort, count(*) AS slides, count(*) FILTER (WHERE state = 'done') AS done,
       count(*) FILTER (WHERE state = 'failed') AS failed, count(*) FILTER (WHERE state = 'done' AND kept = 0) AS empty,
       sum(coalesce(tiles, kept)) AS tiles, sum(kept) AS kept, sum(too_bright) AS too_bright, sum(too_plain) AS too_plain,
       round(sum(seconds), 1) AS seconds
FROM slides GROUP BY grid_id, cohort;
)sql";

constexpr std::pair<const char*, const char*> kViewHelp[] = {
    {"table1", "Table 1: mean {table1} in percent, per auxiliary and their mean; have of want cells"},
    {"table2", "Table 2: mean {table2} on external cohorts, per auxiliary and their mean; have of want cells"},
    {"method_ranking", "methods by their mean over auxiliaries, best first, per biomarker, cohort and metric"},
    {"cell_summary", "one row a cell: state, attempts, best epoch, seconds, test {table1}"},
    {"attempt_summary", "one row an attempt: outcome, cause, where and when, epochs, its log (below STORE.d)"},
    {"failures", "attempts that gave no result, with their cause and their log (below STORE.d)"},
    {"slides", "one row a slide of `mtlgrid extract`: state, tiles seen, kept and rejected, where, how long, cause"},
    {"slide_counts", "the same by cohort: slides done, failed and without tissue, tiles, seconds"},
    {"repeat_means", "means over repeats of {both} as fractions, by fold"},
    {"fold_means", "means over repeats and then folds of {both} as fractions: what Tables 1 and 2 average"},
    {"evaluation_cohorts", "cohorts a biomarker is evaluated on: test (label: the training cohort) and external ones"},
    {"counted_metrics", "every metric of the results that count, with its bootstrap CI"},
    {"counted_predictions", "every patient's prediction of the results that count"},
    {"counted_embeddings", "every patient's embedding of the results that count (float32, little-endian)"},
};

}  // namespace

const char* schema_sql() {
  static const std::string kSql = kTables + with_metrics(kViews);
  return kSql.c_str();
}

namespace {

void add_registered_methods(Database& database) {
  Statement add = database.prepare(kAddMethod);
  for (const std::string& name : method_names()) add.bind_all(name).run();
}

}  // namespace

void add_new_methods(Database& database) {
  Statement find = database.prepare("SELECT 1 FROM methods WHERE name = ?");
  const std::vector<std::string> names = method_names();
  const bool complete = std::all_of(names.begin(), names.end(), [&](const std::string& name) {
    find.bind_all(name);
    const bool found = find.step();
    find.reset();
    return found;
  });
  if (complete) return;
  Transaction transaction(database);
  add_registered_methods(database);
  transaction.commit();
}

void create_schema(Database& database) {
  database.execute(schema_sql());
  add_registered_methods(database);
  Statement add_help = database.prepare("INSERT INTO view_help VALUES (?, ?)");
  for (const auto& [view, description] : kViewHelp) add_help.bind_all(view, with_metrics(description)).run();
  Statement add_meta = database.prepare("INSERT INTO meta VALUES (?, ?)");
  add_meta.bind_all("schema_version", kSchemaVersion).run();
  add_meta.bind_all("sequence", 0).run();
}

}  // namespace mtlgrid

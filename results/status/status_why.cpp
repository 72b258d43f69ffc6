#include "results/status/status_why.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>
#include <system_error>

#include "base/decode.h"
#include "base/errors.h"
#include "base/paths.h"
#include "base/platform.h"
#include "results/grids/grid_choice.h"
#include "results/grids/setting_lines.h"
#include "results/records/attempt_log_format.h"
#include "results/status/status.h"
#include "results/store/cell_columns.h"
#include "results/store/layout.h"
#include "results/store/reading.h"
#include "results/store/store_result.h"

namespace mtlgrid {

namespace fs = std::filesystem;

namespace {

constexpr std::streamoff kLogRead = 1 << 20;  // bytes of a log's end: thousands of epochs
constexpr std::size_t kLogLines = 8;

// `path` without `folder` before it, if it is there.
std::string below(const fs::path& folder, const std::string& path) {
  const std::string absolute = (system_path(folder.empty() ? "." : folder) / "").string();
  return path.starts_with(absolute) ? path.substr(absolute.size()) : path;
}

// Whether the line is about another cell of the pack.
bool of_another(const std::string& line, const Cell& cell, const std::string& members) {
  std::istringstream methods(members);
  for (std::string method; std::getline(methods, method, ',');) {
    Cell other = cell;
    other.method = method;
    if (other != cell && is_log_line_of(other, line)) return true;
  }
  return false;
}

void take_line(LogEnd& log, const std::string& line, const Cell& cell, const fs::path& folder) {
  const LogLine parsed = parse_log_line(cell, line);
  if (parsed.epoch) log.epochs = *parsed.epoch;
  if (parsed.resumed_from) log.resumed_from = below(folder, *parsed.resumed_from);
  log.lines.push_back(line);
  if (log.lines.size() > kLogLines) log.lines.erase(log.lines.begin());
}

LogEnd read_log(const fs::path& folder, const std::string& path, const Cell& cell, const std::string& members) {
  LogEnd log;
  log.path = path;
  const fs::path file = folder / path;
  std::error_code error;
  if (!fs::is_regular_file(file, error)) {
    log.trouble = "missing";
    return log;
  }
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  const std::streamoff size = in.tellg();
  in.seekg(std::max<std::streamoff>(0, size - kLogRead));
  std::string line;
  if (size > kLogRead) std::getline(in, line);  // the rest of a line that was cut
  if (!in) {
    log.trouble = "it cannot be read";
    return log;
  }
  while (std::getline(in, line)) {
    if (!line.empty() && !of_another(line, cell, members)) take_line(log, line, cell, folder);
  }
  return log;
}

// The checkpoint of the newest attempt that has one, as the trainer chooses it.
std::string newest_checkpoint(const fs::path& folder, const CellHistory& history) {
  for (auto a = history.attempts.rbegin(); a != history.attempts.rend(); ++a) {
    const std::string attempt = attempt_folder(grid_folder_name(history.grid_id), history.cell, a->attempt);
    std::string newest;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(folder / attempt, none)) {
      const std::string name = entry.path().filename().string();
      if (is_whole_checkpoint(name)) newest = std::max(newest, name);
    }
    if (!newest.empty()) return attempt + "/" + newest;
  }
  return "";
}

void read_settings(const Database& database, CellHistory& history) {
  Statement select = database.prepare("SELECT settings FROM grids WHERE grid_id = ?");
  select.bind_all(history.grid_id);
  if (!select.step()) return;
  const nlohmann::json settings = decode_json_if_valid(select.text(0)).value_or(nullptr);
  if (!settings.is_object()) return;
  history.config = text_member(settings, "file");
  const auto cluster = settings.find("cluster");
  const auto retries = [&](const char* key) {
    const bool there = cluster != settings.end() && cluster->is_object() && cluster->contains(key);
    return there && (*cluster)[key].is_number_integer() ? (*cluster)[key].get<int>() : 0;
  };
  history.retries_crash = retries("retries_crash");
  history.retries_lost = retries("retries_lost");
}

void read_attempts(const Database& database, const fs::path& folder, CellHistory& history) {
  Statement select = database.prepare(
      "SELECT a.attempt, a.outcome, a.cause, a.detail, a.host, a.device, a.members, a.rank, a.pack, a.threads, "
      "a.started, a.ended, (SELECT count(*) FROM epochs e WHERE e.cell_id = a.cell_id AND e.attempt = a.attempt), "
      "a.best_epoch, a.resumed FROM attempts a JOIN cells c ON c.cell_id = a.cell_id WHERE " +
      kIsCell + " ORDER BY a.attempt");
  bind_cell(select, history.grid_id, history.cell);
  const auto number = [&](int column) { return static_cast<int>(select.integer(column)); };
  while (select.step()) {
    CellHistory::Attempt a;
    a.attempt = number(0);
    a.outcome = select.text(1);
    a.cause = select.text(2);
    a.detail = select.text(3);
    a.host = select.text(4);
    a.device = select.text(5);
    a.members = select.text(6);
    a.rank = number(7);
    a.pack = number(8);
    a.threads = number(9);
    a.started = select.real(10);
    a.ended = select.real(11);
    a.epochs = number(12);
    a.best_epoch = number(13);
    a.resumed = number(14);
    const std::string attempt = attempt_folder(grid_folder_name(history.grid_id), history.cell, a.attempt);
    a.log = read_log(folder, attempt + "/" + kAttemptLog, history.cell, a.pack > 1 ? a.members : "");
    history.attempts.push_back(std::move(a));
  }
}

}  // namespace

std::vector<Cell> cells_of(const fs::path& store, std::int64_t grid) {
  const Database database = open_for_reading(store);
  return cells_of(database, grid);
}

CellHistory read_history(const fs::path& store, const Cell& cell, std::optional<std::int64_t> grid) {
  const Database database = open_for_reading(store);
  CellHistory history;
  history.grid_id = choose_grid(database, grid, running_grid(store, database));
  history.cell = cell;
  Statement select = database.prepare("SELECT state, result_attempt FROM cells WHERE " + kIsCell);
  bind_cell(select, history.grid_id, cell);
  if (!select.step()) {
    throw InputError(cell.name() + ": grid " + std::to_string(history.grid_id) + " has no such cell");
  }
  history.state = select.text(0);
  if (!select.is_null(1)) history.result_attempt = static_cast<int>(select.integer(1));
  select.reset();
  const fs::path folder = store_folder(store);
  history.folder = folder.string();
  read_settings(database, history);
  read_attempts(database, folder, history);
  history.checkpoint = newest_checkpoint(folder, history);
  if (cell.is_slide() && history.result_attempt) history.slide = read_result(database, history.grid_id, cell).slide;
  history.run = read_run_state(store, history.grid_id, Platform::real().now());
  return history;
}

}  // namespace mtlgrid

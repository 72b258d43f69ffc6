#include "results/status/status_why.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>
#include <system_error>

#include "base/errors.h"
#include "base/platform.h"
#include "results/status/status.h"
#include "results/store/reading.h"

namespace mtlgrid {

namespace fs = std::filesystem;

namespace {

constexpr std::streamoff kLogRead = 1 << 20;  // bytes of a log's end: thousands of epochs
constexpr std::size_t kLogLines = 8;

constexpr const char* kCheckpointPrefix = "checkpoint-";  // as the trainer names them (docs/trainer.md)

std::string attempt_folder(std::int64_t grid, const Cell& cell, int attempt) {
  return "grid-" + std::to_string(grid) + "/" + cell.name() + "/attempt-" + std::to_string(attempt);
}

// `path` without `folder` before it, if it is there.
std::string below(const fs::path& folder, const std::string& path) {
  const std::string absolute = (fs::absolute(folder).lexically_normal() / "").string();
  return path.starts_with(absolute) ? path.substr(absolute.size()) : path;
}

// Starts with the name of another cell of the pack: not our business.
bool of_another(const std::string& line, const Cell& cell, const std::string& members) {
  std::istringstream methods(members);
  for (std::string method; std::getline(methods, method, ',');) {
    Cell other = cell;
    other.method = method;
    if (other != cell && line.starts_with(other.name() + ": ")) return true;
  }
  return false;
}

void take_line(LogEnd& log, const std::string& line, const std::string& cell, const fs::path& store_folder) {
  const std::string epoch = cell + ": epoch ", resumed = cell + ": going on from ";
  if (line.starts_with(epoch)) std::from_chars(line.data() + epoch.size(), line.data() + line.size(), log.epochs);
  if (line.starts_with(resumed)) log.resumed_from = below(store_folder, line.substr(resumed.size()));
  log.lines.push_back(line);
  if (log.lines.size() > kLogLines) log.lines.erase(log.lines.begin());
}

LogEnd read_log(const fs::path& store_folder, const std::string& path, const Cell& cell, const std::string& members) {
  LogEnd log;
  log.path = path;
  const fs::path file = store_folder / path;
  std::error_code error;
  if (!fs::is_regular_file(file, error)) {
    log.trouble = "there is none";
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
    if (!line.empty() && !of_another(line, cell, members)) take_line(log, line, cell.name(), store_folder);
  }
  return log;
}

// Newest attempt first, as the trainer looks for them.
std::string newest_checkpoint(const fs::path& store_folder, const CellStory& story) {
  for (auto a = story.attempts.rbegin(); a != story.attempts.rend(); ++a) {
    const std::string folder = attempt_folder(story.grid_id, story.cell, a->attempt);
    std::string newest;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(store_folder / folder, none)) {
      const std::string name = entry.path().filename().string();
      const bool whole = name.starts_with(kCheckpointPrefix) && !entry.path().has_extension();
      if (whole) newest = std::max(newest, name);
    }
    if (!newest.empty()) return folder + "/" + newest;
  }
  return "";
}

void bind_cell(Statement& statement, std::int64_t grid, const Cell& cell) {
  statement.bind_all(grid, cell.biomarker, cell.auxiliary, cell.method, cell.fold);
}

void read_settings(const Database& database, CellStory& story) {
  Statement select = database.prepare("SELECT settings FROM grids WHERE grid_id = ?");
  select.bind_all(story.grid_id);
  if (!select.step()) return;
  const auto settings = nlohmann::json::parse(select.text(0), nullptr, false);
  if (!settings.is_object()) return;
  story.config = settings.value("file", "");
  const auto cluster = settings.value("cluster", nlohmann::json::object());
  story.retries_crash = cluster.value("retries_crash", 0);
  story.retries_lost = cluster.value("retries_lost", 0);
}

void read_attempts(const Database& database, const fs::path& store_folder, CellStory& story) {
  Statement select = database.prepare(
      "SELECT a.attempt, a.outcome, a.cause, a.detail, a.host, a.device, a.members, a.rank, a.pack, a.threads, "
      "a.started, a.ended, (SELECT count(*) FROM epochs e WHERE e.cell_id = a.cell_id AND e.attempt = a.attempt), "
      "a.best_epoch, a.resumed FROM attempts a JOIN cells c ON c.cell_id = a.cell_id WHERE c.grid_id = ? AND "
      "c.biomarker = ? AND c.auxiliary = ? AND c.method = ? AND c.fold = ? ORDER BY a.attempt");
  bind_cell(select, story.grid_id, story.cell);
  const auto number = [&](int column) { return static_cast<int>(select.integer(column)); };
  while (select.step()) {
    CellStory::Attempt a;
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
    a.log = read_log(store_folder, attempt_folder(story.grid_id, story.cell, a.attempt) + "/log", story.cell,
                     a.pack > 1 ? a.members : "");
    story.attempts.push_back(std::move(a));
  }
}

}  // namespace

std::vector<std::string> cell_names(const fs::path& store, std::optional<std::int64_t> grid) {
  const Database database = open_for_reading(store);
  Statement select = database.prepare(
      "SELECT biomarker || '/' || auxiliary || '/' || method || '/' || fold FROM cells WHERE grid_id = ? "
      "ORDER BY cell_id");
  select.bind_all(choose_grid(database, grid));
  std::vector<std::string> names;
  while (select.step()) names.push_back(select.text(0));
  return names;
}

CellStory read_story(const fs::path& store, const Cell& cell, std::optional<std::int64_t> grid) {
  const Database database = open_for_reading(store);
  CellStory story;
  story.grid_id = choose_grid(database, grid);
  story.cell = cell;
  Statement select = database.prepare(
      "SELECT state, result_attempt FROM cells WHERE grid_id = ? AND biomarker = ? AND auxiliary = ? AND method = ? "
      "AND fold = ?");
  bind_cell(select, story.grid_id, cell);
  if (!select.step()) {
    throw InputError(cell.name() + ": grid " + std::to_string(story.grid_id) + " has no such cell");
  }
  story.state = select.text(0);
  if (!select.is_null(1)) story.result_attempt = static_cast<int>(select.integer(1));
  select.reset();
  const fs::path store_folder = beside(store, ".d");
  story.folder = store_folder.string();
  read_settings(database, story);
  read_attempts(database, store_folder, story);
  story.checkpoint = newest_checkpoint(store_folder, story);
  story.run = read_run_state(store, story.grid_id, Platform::real().now());
  return story;
}

}  // namespace mtlgrid

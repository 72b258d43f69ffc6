#include "results/status/status_view.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "base/text.h"

namespace mtlgrid {
namespace {

using Lines = std::vector<std::string>;

constexpr std::size_t kBar = 20;
constexpr std::size_t kGap = 1;         // between columns
constexpr std::size_t kPanel = 22;      // the narrowest that workers are shown in beside the matrix
constexpr std::size_t kFewWorkers = 4;  // lines for workers below the matrix, where they do not fit beside it
constexpr std::size_t kFewFailures = 2;
constexpr std::size_t kLowScreen = 20;  // with fewer lines, workers below the matrix get one

char sign_of(const std::optional<CellSign>& sign) {
  if (!sign) return ' ';
  switch (*sign) {
    case CellSign::done:
      return '#';
    case CellSign::failed:
      return 'X';
    case CellSign::running:
      return '>';
    case CellSign::waiting:
      return '.';
    case CellSign::outside:
      return '-';
    case CellSign::ended:
      return '?';
  }
  return ' ';
}

// The legend's entry of a sign.
std::string meaning_of(char sign, bool live) {
  switch (sign) {
    case '#':
      return "# done";
    case 'X':
      return "X failed";
    case '>':
      return "> running";
    case '.':
      return live ? ". waiting" : ". to do";
    case '-':
      return "- not in this run";
    case '?':
      return "? just ended";
    default:
      return "";
  }
}

// Breaks a line at spaces; a longer word is cut.
Lines wrapped(const std::string& text, std::size_t columns) {
  Lines lines(1);
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    if (!lines.back().empty() && width(lines.back()) + 1 + width(word) > columns) lines.emplace_back();
    if (!lines.back().empty()) lines.back() += ' ';
    lines.back() += word;
    begin = end + 1;
  }
  return lines;
}

std::string bar(int done, int total) {
  const std::size_t filled =
      total > 0 ? std::min(kBar, kBar * static_cast<std::size_t>(done) / static_cast<std::size_t>(total)) : kBar;
  const int percent = total > 0 ? static_cast<int>(100LL * done / total) : 100;
  return fmt::format("[{}{}] {:3} %  {}/{} cells", std::string(filled, '#'), std::string(kBar - filled, '.'), percent,
                     done, total);
}

std::string progress(const StoreStatus& s) {
  if (!s.run.live) {
    return bar(s.cells.done, s.cells.total()) + count_item(s.cells.failed, "failed") +
           count_item(s.cells.running, "running") + count_item(s.cells.pending, "to do");
  }
  const auto& c = s.run.live->cells;
  return bar(c.done, c.total) + count_item(c.failed, "failed") + count_item(c.running, "running") +
         count_item(c.queued, "waiting");
}

std::string pace(const LiveRun& live, double now) {
  std::string out = fmt::format("{} gone, ETA {}", spoken_duration(live.gone_seconds),
                                live.eta_seconds ? spoken_duration(*live.eta_seconds) : "unknown");
  if (live.cells.done > 0 && live.gone_seconds > 0) {
    out += fmt::format(", {:.0f} cells an hour", 3600 * live.cells.done / live.gone_seconds);
  }
  if (live.ends) out += fmt::format(", the allocation ends in {}", spoken_duration(*live.ends - now));
  if (live.stopping) out += ", asked to stop";
  return out;
}

Lines head(const StoreStatus& s, const std::string& store, std::size_t columns) {
  const std::string run = s.run.holder ? fmt::format("run {} on {}", s.run.holder->epoch, printable(s.run.holder->host))
                                       : std::string("no run holds it");
  Lines lines = {fmt::format("{}, grid {}: {}, {} UTC", printable(store), s.grid_id, run, spoken_time(s.run.now)),
                 progress(s)};
  if (s.run.live) lines.push_back(pace(*s.run.live, s.run.now));
  for (std::string& line : wrapped(s.run.trouble, columns)) {
    if (!line.empty()) lines.push_back(std::move(line));
  }
  if (s.run.end) {
    for (std::string& line : wrapped(fmt::format("The last run ended {} ago: {}",
                                                 spoken_duration(s.run.now - s.run.end->time), s.run.end->text()),
                                     columns)) {
      lines.push_back(std::move(line));
    }
  }
  return lines;
}

// Methods down, folds across. All lines are equally wide, but for the last column's.
struct Matrix {
  Lines lines;  // the heading first
  std::size_t width = 0;
  bool signs = false;  // a sign a pair; otherwise counts
};

Matrix put_together(const Lines& names, const Lines& headings, const std::vector<Lines>& squares, bool signs) {
  Matrix matrix;
  matrix.signs = signs;
  std::vector<std::size_t> widths = {0};
  for (const std::string& name : names) widths[0] = std::max(widths[0], width(name));
  for (std::size_t f = 0; f < headings.size(); ++f) {
    widths.push_back(width(headings[f]));
    for (const Lines& row : squares) widths.back() = std::max(widths.back(), width(row[f]));
  }
  matrix.width = std::accumulate(widths.begin(), widths.end(), kGap * headings.size());
  for (std::size_t line = 0; line < names.size(); ++line) {
    std::string text = padded(names[line], widths[0]);
    for (std::size_t f = 0; f < headings.size(); ++f) {
      text.append(kGap, ' ').append(padded(line == 0 ? headings[f] : squares[line - 1][f], widths[f + 1]));
    }
    matrix.lines.push_back(std::move(text));
  }
  return matrix;
}

std::string counts_text(const StateCounts& counts) {
  return fmt::format("{}/{}{}", counts.done, counts.total(), counts.failed > 0 ? "!" : "");
}

Matrix matrix_of_signs(const StoreStatus& s, const Lines& names) {
  Lines headings;
  for (const int fold : s.folds) headings.push_back(fmt::format("{}{}", s.pairs.size() >= 6 ? "fold " : "", fold));
  std::vector<Lines> squares;
  for (const auto& row : s.signs) {
    Lines& line = squares.emplace_back();
    for (const auto& square : row) {
      std::string& text = line.emplace_back();
      for (const auto& sign : square) text += sign_of(sign);
    }
  }
  return put_together(names, headings, squares, true);
}

Matrix matrix_of_counts(const StoreStatus& s, const Lines& names) {
  Lines headings;
  for (const int fold : s.folds) headings.push_back(std::to_string(fold));
  std::vector<Lines> squares;
  for (const auto& row : s.matrix) {
    Lines& line = squares.emplace_back();
    for (const StateCounts& counts : row) line.push_back(counts_text(counts));
  }
  return put_together(names, headings, squares, false);
}

Matrix matrix_of_methods(const StoreStatus& s, const Lines& names) {
  std::vector<Lines> squares;
  for (const auto& row : s.matrix) {
    StateCounts sum;
    for (const StateCounts& c : row) {
      sum.pending += c.pending;
      sum.running += c.running;
      sum.done += c.done;
      sum.failed += c.failed;
    }
    squares.push_back({counts_text(sum)});
  }
  return put_together(names, {"all folds"}, squares, false);
}

// The most telling one that fits.
Matrix matrix(const StoreStatus& s, std::size_t columns) {
  Lines names = {"method"};
  for (const std::string& method : s.methods) names.push_back(printable(method));
  if (!s.signs.empty()) {
    Matrix m = matrix_of_signs(s, names);
    if (m.width <= columns) return m;
  }
  Matrix m = matrix_of_counts(s, names);
  return m.width <= columns ? m : matrix_of_methods(s, names);
}

std::string legend(const StoreStatus& s, const Matrix& m) {
  if (!m.signs) return "done/all pairs, ! where some failed";
  std::map<char, bool> there;
  for (const auto& row : s.signs) {
    for (const auto& square : row) {
      for (const auto& sign : square) there[sign_of(sign)] = true;
    }
  }
  Lines entries;
  for (const char sign : std::string("#X>.?-")) {
    if (there.contains(sign)) entries.push_back(meaning_of(sign, s.run.live.has_value()));
  }
  return fmt::format("{}  (a sign a pair)", fmt::join(entries, "  "));
}

Lines pairs(const StoreStatus& s, const Matrix& m, std::size_t columns) {
  if (!m.signs || s.pairs.size() < 2) return {};
  Lines names;
  for (const std::string& pair : s.pairs) names.push_back(printable(pair));
  return wrapped(fmt::format("pairs from left to right: {}", fmt::join(names, ", ")), columns);
}

// One line a worker, those in trouble first; the first line sums up.
Lines workers(const StoreStatus& s) {
  if (!s.run.live || s.run.live->workers.empty()) return {};
  std::vector<LiveRun::Worker> all = s.run.live->workers;
  int alive = 0, slots = 0, busy = 0;
  for (const auto& w : all) {
    if (w.state != "alive") continue;
    ++alive;
    slots += w.slots;
    busy += w.busy;
  }
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    const bool well_a = a.state == "alive" && a.broken == 0, well_b = b.state == "alive" && b.broken == 0;
    return well_a != well_b ? well_b : a.rank < b.rank;
  });
  std::string sum = fmt::format("workers {}/{}, busy {}/{}", alive, all.size(), busy, slots);
  if (sum.size() > kPanel) sum = fmt::format("up {}/{} busy {}/{}", alive, all.size(), busy, slots);
  Lines lines = {sum};
  for (const auto& w : all) {
    std::string line = fmt::format("{:>3} {} {}/{}", w.rank, printable(w.host), w.busy, w.slots);
    if (w.state != "alive") line += fmt::format(" {} {}", printable(w.state), spoken_duration(w.heard_seconds));
    if (w.broken > 0) line += fmt::format(" {} broken: {}", w.broken, printable(w.why));
    if (!w.device.empty() && w.device != "none") line += fmt::format(" {}", printable(w.device));
    lines.push_back(std::move(line));
  }
  return lines;
}

Lines failures(const StoreStatus& s) {
  if (s.newest_failures.empty()) return {};
  Lines counts;
  for (const auto& l : s.lost) counts.push_back(fmt::format("{} {}", l.attempts, printable(l.outcome)));
  Lines lines = {fmt::format("attempts without a result: {}; newest first:", fmt::join(counts, ", "))};
  for (const auto& f : s.newest_failures) {
    lines.push_back(
        fmt::format("{} attempt {} {}: {}", printable(f.cell), f.attempts, printable(f.outcome), printable(f.cause)));
  }
  return lines;
}

// At most `room` lines, the last of which says what is left out; the first alone where there is room for one.
Lines shortened(Lines lines, std::size_t room, const char* what) {
  if (lines.size() <= room) return lines;
  if (room <= 1) {
    lines.resize(room);
    return lines;
  }
  const std::size_t left_out = lines.size() - room + 1;
  lines.resize(room - 1);
  lines.push_back(fmt::format("and {} more {}", left_out, what));
  return lines;
}

// `right` beside `left`, line by line.
Lines beside_each_other(Lines left, std::size_t left_width, const Lines& right) {
  for (std::size_t i = 0; i < right.size(); ++i) left[i] = padded(left[i], left_width + 2 * kGap).append(right[i]);
  return left;
}

void append(Lines& to, const Lines& lines) { to.insert(to.end(), lines.begin(), lines.end()); }

}  // namespace

std::vector<std::string> status_view(const StoreStatus& s, const std::string& store, ScreenSize size) {
  const auto columns = static_cast<std::size_t>(std::max(size.columns, 1));
  const auto rows = static_cast<std::size_t>(std::max(size.rows, 1));
  Lines out = head(s, store, columns), working = workers(s);
  const Lines failing = failures(s);
  Matrix m = matrix(s, columns);
  const bool panel = !working.empty() && m.width + 2 * kGap + kPanel <= columns;
  const std::size_t below = panel ? 0 : std::min(working.size(), rows < kLowScreen ? 1 : kFewWorkers);
  const std::size_t fixed = out.size() + 1 + below + std::min(failing.size(), kFewFailures);
  Lines methods = shortened(std::move(m.lines), rows > fixed ? std::max<std::size_t>(rows - fixed, 2) : 2, "methods");
  if (panel) {
    working = shortened(std::move(working), methods.size(), "workers");
    methods = beside_each_other(std::move(methods), m.width, working);
  }
  Lines under = {legend(s, m)};
  const Lines named = pairs(s, m, columns);
  if (fixed + methods.size() + named.size() <= rows) append(under, named);
  append(out, methods);
  append(out, under);
  if (!panel) append(out, shortened(std::move(working), below, "workers"));
  append(out, failing);  // its heading counts what does not fit
  if (out.size() > rows) out.resize(rows);
  for (std::string& line : out) {
    line.erase(line.find_last_not_of(' ') + 1);
    line = cut_to(line, columns);
  }
  return out;
}

}  // namespace mtlgrid

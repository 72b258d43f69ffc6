#include "results/status/status_view.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "base/local_time.h"
#include "base/progress_bar.h"
#include "base/text.h"
#include "results/status/status_panels.h"

namespace mtlgrid {
namespace {

using Lines = std::vector<std::string>;

constexpr std::size_t kBar = 20;
constexpr std::size_t kWide = 66;       // columns beside the matrix in which all lists are shown
constexpr std::size_t kGap = 1;         // between columns
constexpr std::size_t kPanel = 22;      // the narrowest that workers are shown in beside the matrix
constexpr std::size_t kFewWorkers = 4;  // lines for workers below the matrix, where they do not fit beside it
constexpr std::size_t kFewFailures = 2;
constexpr std::size_t kLong = 200, kFewResults = 20;  // so many lines are a log, not a screen
constexpr std::size_t kLowScreen = 20;                // with fewer lines, workers below the matrix get one

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
std::string meaning_of(char sign, const RunState& run) {
  switch (sign) {
    case '#':
      return "# done";
    case 'X':
      return "X failed";
    case '>':
      return run.holder ? "> running" : "> was running";
    case '.':
      return run.live ? ". waiting" : ". to do";
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

std::string progress(const StoreStatus& s) {
  if (!s.run.live) {
    const StateCounts& c = s.cells;
    return progress_bar(c.total() > 0 ? static_cast<double>(c.done) / c.total() : 1, kBar) +
           fmt::format("  {}/{} {}", c.done, c.total(), cells_word(s)) + count_item(c.failed, "failed") +
           count_item(c.running, s.run.running_text(c.running)) + count_item(c.pending, "to do");
  }
  const auto& c = s.run.live->cells;
  const double share = c.total > 0 ? static_cast<double>(c.done) / c.total : 1;
  return progress_bar(s.run.live->share.value_or(share), kBar) +
         fmt::format("  {}/{} {}", c.done, c.total, cells_word(s)) + count_item(c.failed, "failed") +
         count_item(c.running, "running") + count_item(c.queued, "waiting");
}

std::string pace(const LiveRun& live, double now, const char* cells) {
  std::string out = fmt::format("{} gone, ETA {}", spoken_duration(live.gone_seconds),
                                live.eta_seconds ? spoken_duration(*live.eta_seconds) : "unknown");
  if (live.eta_seconds && *live.eta_seconds > 0) out += fmt::format(" ({})", expected_at(now + *live.eta_seconds, now));
  if (live.ends) out += fmt::format(", the allocation ends in {}", spoken_duration(*live.ends - now));
  if (live.stopping) out += ", asked to stop";
  if (live.cells.done > 0 && live.gone_seconds > 0) {
    out += fmt::format(", {:.0f} {} an hour", 3600 * live.cells.done / live.gone_seconds, cells);
  }
  return out;
}

Lines head(const StoreStatus& s, const std::string& store, std::size_t columns) {
  const std::string run = s.run.holder ? fmt::format("run {} on {}", s.run.holder->epoch, printable(s.run.holder->host))
                                       : std::string("no run holds it");
  Lines lines = {fmt::format("{}, grid {}: {}, {}", printable(store), s.grid_id, run, local_time(s.run.now)),
                 progress(s)};
  if (s.run.live) lines.push_back(pace(*s.run.live, s.run.now, cells_word(s)));
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

// What a count of the matrix is over.
std::string all_of(const StoreStatus& s) {
  return s.slides ? "slides" : s.repeats.size() > 1 ? "pairs and repeats" : "pairs";
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
      for (std::size_t i = 0; i < square.size(); ++i) {
        if (i > 0 && i % s.pairs.size() == 0) text += ' ';  // the next repeat
        text += sign_of(square[i]);
      }
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
  return put_together(names, {s.slides ? "slides" : "all folds"}, squares, false);
}

// The most telling one that fits.
Matrix matrix(const StoreStatus& s, std::size_t columns) {
  Lines names = {s.slides ? "cohort" : "method"};
  for (const std::string& method : s.methods) names.push_back(printable(method));
  if (!s.signs.empty()) {
    Matrix m = matrix_of_signs(s, names);
    if (m.width <= columns) return m;
  }
  Matrix m = matrix_of_counts(s, names);
  return m.width <= columns && !s.slides ? m : matrix_of_methods(s, names);
}

// Always whole: on a narrow terminal it takes more lines.
Lines legend(const StoreStatus& s, const Matrix& m, std::size_t columns) {
  if (!m.signs) return wrapped(fmt::format("done/all {}, ! where some failed", all_of(s)), columns);
  std::map<char, bool> there;
  for (const auto& row : s.signs) {
    for (const auto& square : row) {
      for (const auto& sign : square) there[sign_of(sign)] = true;
    }
  }
  Lines entries;
  for (const char sign : std::string("#X>.?-")) {
    if (there.contains(sign)) entries.push_back(meaning_of(sign, s.run));
  }
  const std::string text = fmt::format("{}", fmt::join(entries, "  "));
  const std::string whole = text + "  (a sign a pair)";
  return width(whole) <= columns ? Lines{whole} : width(text) <= columns ? Lines{text} : wrapped(text, columns);
}

Lines pairs(const StoreStatus& s, const Matrix& m, std::size_t columns) {
  if (!m.signs || (s.pairs.size() < 2 && s.repeats.size() < 2)) return {};
  Lines names;
  for (const std::string& pair : s.pairs) names.push_back(printable(pair));
  const std::string repeats =
      s.repeats.size() > 1
          ? fmt::format("; then repeat{}", s.repeats.size() > 2 ? fmt::format("s 1 to {}", s.repeats.back()) : " 1")
          : "";
  return wrapped(fmt::format("pairs from left to right: {}{}", fmt::join(names, ", "), repeats), columns);
}

// `right` beside `left`, line by line.
Lines beside_each_other(Lines left, std::size_t left_width, const Lines& right) {
  left.resize(std::max(left.size(), right.size()));
  for (std::size_t i = 0; i < right.size(); ++i) left[i] = padded(left[i], left_width + 2 * kGap).append(right[i]);
  return left;
}

void append(Lines& to, const Lines& lines) { to.insert(to.end(), lines.begin(), lines.end()); }

// All panels in `room` lines, one below the other; a line stays empty between two where there is room for that.
Lines stacked(const std::vector<Panel>& panels, std::size_t room) {
  std::size_t wanted = 0;
  for (const Panel& panel : panels) wanted += panel.lines.size() + (panel.lines.empty() ? 0 : 1);
  const std::vector<std::size_t> shares = shares_of(panels, room);
  Lines lines;
  for (std::size_t i = 0; i < panels.size(); ++i) {
    if (shares[i] == 0) continue;
    if (!lines.empty() && wanted <= room) lines.emplace_back();
    append(lines, shortened(panels[i], shares[i]));
  }
  return lines;
}

// The matrix with its legend on the left, everything else on the right.
Lines wide_view(const StoreStatus& s, Matrix m, std::size_t room) {
  Lines under = legend(s, m, m.width);
  const Lines named = pairs(s, m, m.width);
  if (m.lines.size() + under.size() + named.size() <= room) append(under, named);
  const std::size_t width = m.width;
  Lines left =
      shortened({std::move(m.lines), "methods"}, std::max<std::size_t>(room - std::min(room, under.size()), 2));
  append(left, under);
  return beside_each_other(
      std::move(left), width,
      stacked({failure_panel(s), worker_panel(s), running_panel(s), result_panel(s, room > kLong ? kFewResults : room)},
              room));
}

// The matrix, workers beside it where they fit, and below what else there is room for.
Lines narrow_view(const StoreStatus& s, Matrix m, std::size_t columns, std::size_t rows) {
  Panel working = worker_panel(s);
  const Panel failing = failure_panel(s);
  const bool beside = !working.lines.empty() && m.width + 2 * kGap + kPanel <= columns;
  const std::size_t below = beside ? 0 : std::min(working.lines.size(), rows < kLowScreen ? 1 : kFewWorkers);
  Lines under = legend(s, m, columns);
  const std::size_t fixed = under.size() + below + std::min(failing.lines.size(), kFewFailures);
  Lines out = shortened({std::move(m.lines), "methods"}, rows > fixed ? std::max<std::size_t>(rows - fixed, 2) : 2);
  if (beside) out = beside_each_other(std::move(out), m.width, shortened(working, out.size()));
  const Lines named = pairs(s, m, columns);
  if (fixed + out.size() + named.size() <= rows) append(under, named);
  append(out, under);
  if (!beside) append(out, shortened(working, below));
  const std::size_t room = rows - std::min(rows, out.size());
  append(out, stacked({failing, running_panel(s), result_panel(s, room > kLong ? kFewResults : room)}, room));
  return out;
}

}  // namespace

std::vector<std::string> status_view(const StoreStatus& s, const std::string& store, ScreenSize size) {
  const auto columns = static_cast<std::size_t>(std::max(size.columns, 1));
  const auto rows = static_cast<std::size_t>(std::max(size.rows, 1));
  Lines out = head(s, store, columns);
  const std::size_t room = rows - std::min(rows, out.size());
  Matrix m = matrix(s, columns);
  const bool wide = m.width + 2 * kGap + kWide <= columns && room >= kLowScreen;
  append(out, wide ? wide_view(s, std::move(m), room) : narrow_view(s, std::move(m), columns, room));
  if (out.size() > rows) out.resize(rows);
  for (std::string& line : out) {
    line.erase(line.find_last_not_of(' ') + 1);
    line = cut_to(line, columns);
  }
  return out;
}

}  // namespace mtlgrid

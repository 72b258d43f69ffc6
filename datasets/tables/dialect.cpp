#include "datasets/tables/dialect.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <optional>

#include "base/errors.h"
#include "datasets/tables/csv_rows.h"
#include "datasets/tables/lines.h"
#include "datasets/tables/table_rows.h"

namespace mtlgrid {
namespace {

constexpr std::string_view kSeparators = ",;\t|";
constexpr std::size_t kRowsLookedAt = 1000;

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t\r\n") == std::string_view::npos; }

// X of a line `sep=X`; nullopt for any other line.
std::optional<char> stated_separator(std::string_view line, const std::string& file) {
  line = without_ending(line);
  if (line.size() == 7 && line.front() == '"' && line.back() == '"') line = line.substr(1, 5);
  const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(b)) == a; };
  constexpr std::string_view kStart = "sep=";
  if (line.size() != 5 || !std::equal(kStart.begin(), kStart.end(), line.begin(), same)) return std::nullopt;
  const char c = line.back();
  if (c != '\t' && (std::isgraph(static_cast<unsigned char>(c)) == 0 ||
                    std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '"')) {
    throw InputError(fmt::format("{}, row 1: '{}' names no usable separator, expected e.g. sep=;", file, line));
  }
  return c;
}

// How the header and the rows below it look with one separator.
struct Look {
  char separator;
  std::size_t names = 0;            // of the header
  bool sure = false;                // the header has the sure column
  std::size_t rows = 0, equal = 0;  // looked at; with as many cells as the header
  bool consistent() const { return names > 1 && rows > 0 && equal == rows; }
};

Look look(std::string_view text, char separator, const std::string& sure_column) {
  const std::vector<std::string> header = take_row(text, separator).cells;
  Look l{separator, header.size(), among(header, sure_column)};
  while (!text.empty() && l.rows < kRowsLookedAt) {
    const std::string_view row = text;
    const std::size_t cells = take_row(text, separator).cells.size();
    if (is_blank(row.substr(0, row.size() - text.size()))) continue;
    ++l.rows;
    if (cells == l.names) ++l.equal;
  }
  return l;
}

std::string said(const Look& l) {
  return fmt::format("by {} {} of {} rows have as many cells as the header's {}", separator_name(l.separator), l.equal,
                     l.rows, l.names);
}

[[noreturn]] void refuse_to_choose(const std::vector<Look>& looks, const std::string& file) {
  std::vector<std::string> all;
  for (const Look& l : looks) all.push_back(said(l));
  throw InputError(fmt::format(
      "{}: the separator cannot be decided: {}; write it as a first line, e.g. sep={}, or name a column of the header "
      "as the patient column",
      file, fmt::join(all, ", "), looks.back().separator == '\t' ? ';' : looks.back().separator));
}

class DialectFinder {
 public:
  DialectFinder(std::string_view text, const std::string& file, const std::string& sure_column)
      : text_(text), file_(file), sure_column_(sure_column) {}

  Dialect find() {
    std::string_view rest = text_;
    if (const auto stated = stated_separator(take_line(rest), file_)) {
      stated_ = true;
      dialect_.separator = *stated;
      start_at(text_.size() - rest.size(), 2);
      dialect_.inferences.push_back(fmt::format("cells are separated by {}, as the line 'sep={}' in row 1 says",
                                                separator_name(*stated), *stated == '\t' ? ' ' : *stated));
    }
    skip_comments();
    if (!stated_) choose_separator();
    return std::move(dialect_);
  }

 private:
  void start_at(std::size_t position, std::size_t line) {
    dialect_.header = position;
    dialect_.header_line = line;
  }

  bool names_sure_column(std::string_view text) const {
    const std::string_view separators = stated_ ? std::string_view(&dialect_.separator, 1) : kSeparators;
    return !sure_column_.empty() && std::any_of(separators.begin(), separators.end(), [&](char separator) {
      std::string_view rest = text;
      return among(take_row(rest, separator).cells, sure_column_);
    });
  }

  void skip_comments() {
    std::size_t line = dialect_.header_line, first = 0, last = 0, last_position = 0;
    std::string_view rest = text_.substr(dialect_.header);
    for (; !rest.empty(); ++line) {
      std::string_view after = rest;
      const std::string_view text = take_line(after);
      if (!is_blank(text) && text.front() != '#') break;
      if (!is_blank(text)) {
        if (dialect_.comments.empty()) first = line;
        last = line;
        last_position = text_.size() - rest.size();
        dialect_.comments.emplace_back(without_ending(text));
      }
      rest = after;
    }
    if (dialect_.comments.empty()) return;  // blank lines alone are the parser's
    const std::string comment = dialect_.comments.back();
    if (!names_sure_column(rest) && (names_sure_column(comment) || names_sure_column(without_sign(comment)))) {
      dialect_.comments.pop_back();
      dialect_.header_signed = !names_sure_column(comment);
      start_at(last_position, last);
      if (dialect_.header_signed) {
        dialect_.inferences.push_back(
            fmt::format("row {} begins with '#' and is the header, as it names '{}'", last, sure_column_));
      }
    } else {
      start_at(text_.size() - rest.size(), line);
    }
    if (dialect_.comments.empty()) return;
    if (dialect_.header_line == last) last = first + dialect_.comments.size() - 1;
    const std::string rows = first == last ? fmt::format("row {}", first) : fmt::format("rows {} to {}", first, last);
    dialect_.inferences.push_back(fmt::format("skipped above the header as comments: {}, beginning with '#'", rows));
  }

  void choose_separator() {
    std::string_view text = text_.substr(dialect_.header);
    if (dialect_.header_signed) text = without_sign(text);
    while (!text.empty()) {  // blank lines above the header
      std::string_view after = text;
      if (!is_blank(take_line(after))) break;
      text = after;
    }
    std::vector<Look> several;  // separators by which the header has several names
    for (const char separator : kSeparators) {
      if (const Look l = look(text, separator, sure_column_); l.names > 1) several.push_back(l);
    }
    if (several.empty()) return;
    const Look chosen = choose(several);
    dialect_.separator = chosen.separator;
    if (chosen.separator == ',') return;
    dialect_.inferences.push_back(
        fmt::format("cells are separated by {} ({} names in the header, as many cells in {}"
                    " of {} rows)",
                    separator_name(chosen.separator), chosen.names, chosen.equal, chosen.rows));
  }

  Look choose(const std::vector<Look>& looks) const {
    for (const Look& l : looks) {
      if (l.sure) return l;
    }
    std::vector<Look> consistent;
    std::copy_if(looks.begin(), looks.end(), std::back_inserter(consistent),
                 [](const Look& l) { return l.consistent(); });
    if (consistent.size() == 1) return consistent.front();
    if (consistent.size() > 1) refuse_to_choose(consistent, file_);
    const auto best = std::max_element(looks.begin(), looks.end(), [](auto& a, auto& b) { return a.equal < b.equal; });
    for (const Look& l : looks) {  // the others' counts are chance: commas in texts and numbers
      const bool chance = 2 * l.equal < l.rows && 2 * best->equal > best->rows;
      if (l.separator != best->separator && !chance) refuse_to_choose(looks, file_);
    }
    return *best;
  }

  const std::string_view text_;
  const std::string& file_;
  const std::string& sure_column_;
  bool stated_ = false;
  Dialect dialect_;
};

}  // namespace

Dialect find_dialect(std::string_view text, const std::string& file, const std::string& sure_column) {
  return DialectFinder(text, file, sure_column).find();
}

std::string separator_name(char separator) {
  switch (separator) {
    case ',':
      return "commas";
    case ';':
      return "semicolons";
    case '\t':
      return "tabs";
    default:
      return fmt::format("'{}'", separator);
  }
}

}  // namespace mtlgrid

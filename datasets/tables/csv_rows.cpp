#include "datasets/tables/csv_rows.h"

#include "datasets/tables/lines.h"

namespace mtlgrid {
namespace {

bool ends_line(char c) { return c == '\r' || c == '\n'; }

// Takes the quoted text that begins at `text[i]`, a quote, into the last cell; `i` is at the closing quote afterwards,
// or at the end.
void take_quoted(std::string_view text, std::size_t& i, char separator, RawRow& row) {
  for (++i; i < text.size(); ++i) {
    const bool quote = text[i] == '"';
    if (quote && (i + 1 == text.size() || text[i + 1] != '"')) return;
    if (quote) ++i;
    row.quotes_lines = row.quotes_lines || ends_line(text[i]);
    row.quotes_separators = row.quotes_separators || text[i] == separator;
    row.cells.back() += text[i];
  }
  row.unclosed = true;
}

}  // namespace

RawRow take_row(std::string_view& text, char separator) {
  RawRow row;
  row.cells.emplace_back();
  row.quoted = text.starts_with('"');
  bool start = true, closed = false;  // of the cell: nothing was read; a quote around it was closed
  std::size_t i = 0;
  for (; i < text.size() && !ends_line(text[i]); ++i) {
    const char c = text[i];
    if (c == separator) {
      row.cells.emplace_back();
      start = true;
      closed = false;
    } else if (c == '"' && start) {
      start = false;
      take_quoted(text, i, separator, row);
      if (row.unclosed) break;
      closed = true;
    } else {
      if ((c == '"' || closed) && !row.stray) row.stray = row.cells.size() - 1;
      start = false;
      row.cells.back() += c;
    }
  }
  text.remove_prefix(i);
  if (!text.empty()) take_line(text);
  return row;
}

}  // namespace mtlgrid

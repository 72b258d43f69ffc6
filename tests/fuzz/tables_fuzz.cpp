// A table: of whole rows, or refused.
#include "base/errors.h"
#include "datasets/tables/csv.h"
#include "tests/fuzz/input.h"

using namespace mtlgrid;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text = fuzz::text_of(data, size);
  for (const char* needed : {"", "PATIENT"}) {
    try {
      const Table t = parse_csv(text, "t.csv", {{"p"}, needed});
      std::size_t line = t.header_line;
      for (const Table::Row& row : t.rows) {
        fuzz::expect(row.cells.size() == t.columns.size(), "a cell for every column");
        fuzz::expect(row.line > line, "ascending lines");
        line = row.line;
        for (std::size_t c = 0; c < row.cells.size(); ++c) t.number(c, row.cells[c].value_or(""));
      }
      t.column("x.1");
    } catch (const InputError& e) {
      fuzz::expect(!e.problems().empty(), "a reason");
    }
  }
  return 0;
}

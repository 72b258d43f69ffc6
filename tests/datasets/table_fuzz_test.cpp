// Tables of random bytes: parsing ends with a table of whole rows or with an InputError, whatever is in the file.
#include <random>

#include "datasets/csv.h"
#include "tests/datasets/support.h"

namespace mtlgrid::testing {
namespace {

// `text` with one to four changes: bytes replaced, removed or doubled, or the rest cut off.
std::string mutated(std::string text, std::mt19937& random) {
  const std::string bytes = ",;\t|\"\"\n\r#=. -0,9aÄ\xE4\xFF" + std::string(1, '\0');
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random()) % n; };
  for (std::size_t i = 0, n = 1 + below(4); i < n && !text.empty(); ++i) {
    const std::size_t at = below(text.size());
    switch (below(5)) {
      case 0:
        text.erase(at, 1 + below(3));
        break;
      case 1:
        text.insert(at, text.substr(below(text.size()), below(20)));
        break;
      case 2:
        text.resize(at);
        break;
      default:
        text[at] = bytes[below(bytes.size())];
    }
  }
  return text;
}

TEST(TableFuzz, EveryTextIsATableOrARefusal) {
  const std::string seeds[] = {
      "PATIENT,label,x\nA,p,0.5\nB,\"n, \"\"m\"\"\",1e3\n,NA,\n",
      "\xEF\xBB\xBFsep=;\r\nPATIENT;label;x\r\nA;p;0,53\r\nB;n;1.234,5\r\n",
      "#Patient\tScore\n#STRING\tNUMBER\nPATIENT\tx\nA\t1,234\nB\t\"line\nbreak\"\n",
      "#PATIENT|x|x\nA|1|2\n\nB|3|4",
      std::string("\xFF\xFEP\0A\0,\0x\0\n\0A\0,\0", 16),
  };
  std::mt19937 random(20);
  int tables = 0;
  for (int round = 0; round < 4000; ++round) {
    const std::string text = mutated(seeds[static_cast<std::size_t>(round) % std::size(seeds)], random);
    try {
      const Table t = parse_csv(text, "t.csv", {{"p"}, round % 2 == 0 ? "PATIENT" : ""});
      ++tables;
      std::size_t line = t.header_line;
      for (const Table::Row& row : t.rows) {
        ASSERT_EQ(row.cells.size(), t.columns.size()) << text;
        ASSERT_GT(row.line, line) << text;
        line = row.line;
        for (std::size_t c = 0; c < row.cells.size(); ++c) t.number(c, row.cells[c].value_or(""));
      }
      t.column("x.1");
    } catch (const InputError& e) {
      ASSERT_FALSE(e.problems().empty());
    }
  }
  EXPECT_GT(tables, 500);
  EXPECT_LT(tables, 3900);
}

}  // namespace
}  // namespace mtlgrid::testing

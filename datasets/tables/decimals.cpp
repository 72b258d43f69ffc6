#include "datasets/tables/decimals.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"

namespace mtlgrid {
namespace {

constexpr std::size_t kColumnsNamed = 5;

// `large`: a whole number of four digits or more without separators.
enum class Shape { other, whole, large, comma, point, comma_or_thousands, point_or_thousands, thousands };
constexpr std::size_t kShapes = 8;

bool digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// The sign and the blanks around a number, and its exponent, are taken off.
std::string_view mantissa(std::string_view cell) {
  const auto first = cell.find_first_not_of(" \t\r\n\f\v");
  if (first == std::string_view::npos) return {};
  cell = cell.substr(first, cell.find_last_not_of(" \t\r\n\f\v") - first + 1);
  if (cell.front() == '-' || cell.front() == '+') cell.remove_prefix(1);
  const auto e = cell.find_first_of("eE");
  if (e == std::string_view::npos) return cell;
  std::string_view exponent = cell.substr(e + 1);
  if (!exponent.empty() && (exponent.front() == '-' || exponent.front() == '+')) exponent.remove_prefix(1);
  return !exponent.empty() && digits(exponent) ? cell.substr(0, e) : std::string_view{};
}

// Whether `text` is a number in groups of three digits: 1.234, 12.345.678; not 0.123 and not 1234.
bool grouped(std::string_view text, char separator) {
  std::size_t group = std::min(text.find(separator), text.size());
  if (group == 0 || group > 3 || group == text.size() || text.front() == '0') return false;
  for (text.remove_prefix(group); !text.empty(); text.remove_prefix(4)) {
    if (text.front() != separator || text.size() < 4 || !digits(text.substr(1, 3))) return false;
  }
  return true;
}

Shape shape_of(std::string_view cell) {
  const std::string_view number = mantissa(cell);
  const auto commas = std::count(number.begin(), number.end(), ','),
             points = std::count(number.begin(), number.end(), '.');
  const auto figures = std::count_if(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (figures == 0 || static_cast<std::size_t>(commas + points + figures) != number.size()) return Shape::other;
  const bool has_exponent = cell.find_first_of("eE") != std::string_view::npos;
  if (commas == 0 && points == 0) return figures > 3 && !has_exponent ? Shape::large : Shape::whole;
  if (commas + points == 1) {
    const char sign = commas == 1 ? ',' : '.';
    if (grouped(number, sign) && !has_exponent) {
      return commas == 1 ? Shape::comma_or_thousands : Shape::point_or_thousands;
    }
    return commas == 1 ? Shape::comma : Shape::point;
  }
  const char last = number[number.find_last_of(",.")], group = last == ',' ? '.' : ',';
  if (commas > 0 && points > 0)
    return grouped(number.substr(0, number.rfind(last)), group) ? Shape::thousands : Shape::other;
  return grouped(number, last) ? Shape::thousands : Shape::other;
}

// The shapes of a column's values, with the first example of each.
struct Column {
  struct Seen {
    std::size_t count = 0;
    std::string example;  // "'0,53' in row 2"
  };
  Seen seen[kShapes];
  bool fractions = false;                         // among the cells that are numbers by their type
  double largest_whole = 0, largest_pointed = 0;  // without sign; of `whole` and, points read as decimal, of `point...`
  void measure(Shape shape, std::string_view number) {
    if (shape != Shape::whole && shape != Shape::point_or_thousands) return;
    double& largest = shape == Shape::whole ? largest_whole : largest_pointed;
    largest = std::max(largest, std::strtod(std::string(number).c_str(), nullptr));
  }
  const Seen& of(Shape shape) const { return seen[static_cast<std::size_t>(shape)]; }
  bool has(Shape shape) const { return of(shape).count > 0; }
  bool commas() const { return has(Shape::comma) || has(Shape::comma_or_thousands); }
  bool points() const { return has(Shape::point) || has(Shape::point_or_thousands); }
  bool numbers() const { return !has(Shape::other) && !has(Shape::thousands); }
  bool surely_commas() const { return numbers() && has(Shape::comma) && !points(); }
  bool surely_points() const { return numbers() && has(Shape::point) && !commas(); }
  const std::string& comma_example() const {
    return of(has(Shape::comma) ? Shape::comma : Shape::comma_or_thousands).example;
  }
  const std::string& point_example() const {
    return of(has(Shape::point) ? Shape::point : Shape::point_or_thousands).example;
  }
};

std::vector<Column> look_at(const Table& table, const NumberCells& numbers) {
  std::vector<Column> columns(table.columns.size());
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    const Table::Row& row = table.rows[r];
    for (std::size_t c = 0; c < columns.size(); ++c) {
      if (!row.cells[c]) continue;
      if (c < numbers.size() && r < numbers[c].size() && numbers[c][r]) {
        columns[c].fractions = columns[c].fractions || row.cells[c]->find_first_of(".e") != std::string::npos;
        continue;
      }
      const Shape shape = shape_of(*row.cells[c]);
      columns[c].measure(shape, mantissa(*row.cells[c]));
      Column::Seen& seen = columns[c].seen[static_cast<std::size_t>(shape)];
      if (++seen.count == 1) seen.example = fmt::format("'{}' in row {}", *row.cells[c], row.line);
    }
  }
  return columns;
}

// What the table tells beside the column.
struct Surroundings {
  char separator;
  bool commas, points;  // other columns surely have decimal commas, decimal points
};

// Whether the points of a column may be separators of thousands. All its numbers with a point must be groups of three
// that do not begin with 0, and no number of four digits may do without. Then it is what the table's separator and its
// other columns say: spreadsheets that write points between thousands write semicolons or tabs between cells, and
// decimal commas. Numbers below 1000 that are all written whole (981 beside 1.018) are a sign of thousands: decimals
// would have broken ones among them.
bool may_have_thousands(const Column& c, const Surroundings& table) {
  if (!c.has(Shape::point_or_thousands) || c.has(Shape::point)) return false;
  const bool whole_beside = c.has(Shape::whole) && !c.has(Shape::large);
  if (table.separator == ',') return table.commas && whole_beside;
  if (table.commas) return true;
  if (table.points) return whole_beside && c.largest_whole >= 100 && c.largest_whole > c.largest_pointed;
  return !c.has(Shape::large) && (table.separator == ';' || whole_beside);
}

std::string unclear(const Column& c, const Surroundings& table) {
  if (c.has(Shape::thousands) && (c.commas() || c.points() || !c.has(Shape::other))) {
    return fmt::format("has thousands separators ({}); save its numbers without them", c.of(Shape::thousands).example);
  }
  if (c.commas() && c.points()) {
    return fmt::format("has decimal commas ({}) and decimal points ({}); save all its numbers in one way",
                       c.comma_example(), c.point_example());
  }
  if (c.commas() && !c.has(Shape::comma) && (!table.commas || table.points)) {
    return fmt::format(
        "has numbers that can be read in two ways ({}: a decimal comma or a thousands separator); save "
        "them without separators of thousands and with decimal points",
        c.comma_example());
  }
  if (!may_have_thousands(c, table)) return "";
  const std::string why = table.commas          ? ", as other columns have decimal commas,"
                          : c.has(Shape::whole) ? fmt::format(", beside {} and with three digits behind every point,",
                                                              c.of(Shape::whole).example)
                                                : ", as every point has three digits behind it,";
  return fmt::format(
      "has numbers that can be read in two ways ({}: a decimal point or{} a separator of thousands); save them without "
      "such separators; if the points are decimal, write one of the numbers with four digits behind it",
      c.point_example(), why);
}

}  // namespace

void find_decimals(Table& table, char separator, const NumberCells& numbers) {
  const std::vector<Column> columns = look_at(table, numbers);
  const auto any = [&](auto property) { return std::any_of(columns.begin(), columns.end(), property); };
  const Surroundings surroundings{separator, any([](const Column& c) { return c.surely_commas(); }),
                                  any([](const Column& c) { return c.surely_points(); })};
  std::string named, example;
  std::size_t count = 0;
  table.decimals.resize(columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    Table::Decimals& decimals = table.decimals[i];
    if (columns[i].fractions) continue;
    if (separator == ',') {  // commas separate its cells
      if (may_have_thousands(columns[i], surroundings)) decimals.unclear = unclear(columns[i], surroundings);
      continue;
    }
    decimals.unclear = unclear(columns[i], surroundings);
    decimals.comma = decimals.unclear.empty() && columns[i].commas();
    const std::size_t with_comma = columns[i].of(Shape::comma).count + columns[i].of(Shape::comma_or_thousands).count;
    if (!decimals.comma || columns[i].of(Shape::other).count > with_comma) continue;  // a column of texts
    if (++count <= kColumnsNamed) named += fmt::format("{}'{}'", count == 1 ? "" : ", ", printable(table.columns[i]));
    if (count == 1) example = columns[i].comma_example();
  }
  if (count == 0) return;
  const std::string more = count > kColumnsNamed ? fmt::format(" and {} more", count - kColumnsNamed) : "";
  table.inferences.push_back(fmt::format("numbers have decimal commas in {}{}: {}", named, more, example));
}

}  // namespace mtlgrid

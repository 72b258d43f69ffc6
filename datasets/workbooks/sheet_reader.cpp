#include "datasets/workbooks/sheet_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/errors.h"
#include "base/text.h"
#include "datasets/workbooks/cell_text.h"

namespace mtlgrid {
namespace {

constexpr std::size_t kMostRows = 1'048'576, kMostColumns = 16'384;  // of Excel
constexpr std::size_t kLongestText = std::size_t{1} << 20;           // bytes; Excel: 32,767 characters
constexpr std::uint64_t kMostCells = 50'000'000;                     // guessed: 2 GB as a table
constexpr std::uint64_t kMostCharacters = std::uint64_t{1} << 30;    // one shared text may be in every cell

std::optional<std::size_t> whole_number(std::string_view text) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// "AB12" is column 28; 0 if it is not the name of a cell. `$` may stand before letters and digits.
std::size_t column_of(std::string_view cell) {
  std::size_t column = 0;
  const auto skip = [&] {
    if (cell.starts_with('$')) cell.remove_prefix(1);
  };
  skip();
  for (; !cell.empty() && column <= kMostColumns; cell.remove_prefix(1)) {
    const char c = cell.front();
    const bool capital = c >= 'A' && c <= 'Z';
    if (!capital && !(c >= 'a' && c <= 'z')) break;
    column = column * 26 + static_cast<std::size_t>(c - (capital ? 'A' : 'a') + 1);
  }
  skip();
  return whole_number(cell) || column > kMostColumns ? column : 0;
}

std::string letters_of(std::size_t column) {
  std::string letters;
  for (; column > 0; column = (column - 1) / 26)
    letters.insert(letters.begin(), static_cast<char>('A' + (column - 1) % 26));
  return letters;
}

}  // namespace

SheetReader::SheetReader(const SheetContext& context, const std::function<void(SheetRow&)>& take)
    : context_(context), take_(take) {}

std::string SheetReader::cell_name() const { return fmt::format("{}{}", letters_of(column_), row_.number); }

SheetReader::Place SheetReader::place_of(std::string_view name) const {
  if (path_.empty()) return name == "worksheet" ? Place::sheet : Place::other;
  switch (path_.back()) {
    case Place::sheet:
      return name == "sheetData" ? Place::data : name == "mergeCells" ? Place::merges : Place::other;
    case Place::data:
      return name == "row" ? Place::row : Place::other;
    case Place::row:
      return name == "c" ? Place::cell : Place::other;
    case Place::cell:
      if (name == "v") return has_value_ ? Place::other : Place::value;
      return name == "f" ? Place::formula : name == "is" ? Place::inline_text : Place::other;
    default:
      return Place::other;
  }
}

void SheetReader::begin(std::string_view name, const XmlAttributes& attributes) {
  if (std::find(path_.begin(), path_.end(), Place::inline_text) != path_.end()) {
    runs_.begin(name);
    path_.push_back(Place::other);
    return;
  }
  const Place place = place_of(name);
  if (path_.empty() && place != Place::sheet) throw InputError("damaged: the sheet's part is not a sheet of cells");
  if (!path_.empty() && path_.back() == Place::merges && name == "mergeCell") {
    notes_.merged.add(cut_to(printable(attributes.get("ref")), 20));
  }
  if (place == Place::row) begin_row(attributes);
  if (place == Place::cell) begin_cell(attributes);
  if (place == Place::formula) has_formula_ = true;
  path_.push_back(place);
}

void SheetReader::end() {
  const Place place = path_.back();
  path_.pop_back();
  if (place == Place::value) has_value_ = true;
  if (place == Place::cell) end_cell();
  if (place == Place::row) end_row();
  if (place == Place::other && std::find(path_.begin(), path_.end(), Place::inline_text) != path_.end()) runs_.end();
}

void SheetReader::text(std::string_view piece) {
  if (path_.empty()) return;
  const bool of_value = path_.back() == Place::value && type_ != "inlineStr";
  const bool of_text = type_ == "inlineStr" && runs_.inside();
  if (!of_value && !of_text) return;
  value_ += piece;
  if (value_.size() > kLongestText) {
    throw InputError(fmt::format("cell {} has a text of more than {} bytes", cell_name(), kLongestText));
  }
}

void SheetReader::begin_row(const XmlAttributes& attributes) {
  const std::size_t last = row_.number;
  const std::string_view stated = attributes.get("r");
  row_.number = stated.empty() ? last + 1 : whole_number(stated).value_or(0);
  row_.cells.clear();
  column_ = 0;
  if (row_.number == 0 || row_.number > kMostRows) {
    throw InputError(fmt::format("damaged: row '{}', expected 1 to {}",
                                 stated.empty() ? fmt::to_string(row_.number) : cut_to(printable(stated), 20),
                                 kMostRows));
  }
  if (row_.number <= last) {
    throw InputError(fmt::format("damaged: row {} comes after row {}", row_.number, last));
  }
}

void SheetReader::begin_cell(const XmlAttributes& attributes) {
  const std::string_view name = attributes.get("r");
  const std::size_t last = column_;
  column_ = name.empty() ? last + 1 : column_of(name);
  if (column_ == 0 || column_ > kMostColumns) {
    throw InputError(fmt::format("damaged: cell '{}' in row {}, expected A to XFD",
                                 name.empty() ? fmt::to_string(column_) : cut_to(printable(name), 20), row_.number));
  }
  if (column_ <= last) {
    throw InputError(fmt::format("damaged: cell {} comes after {}{}", cell_name(), letters_of(last), row_.number));
  }
  type_ = attributes.get("t");
  style_ = whole_number(attributes.get("s")).value_or(0);
  value_.clear();
  has_formula_ = has_value_ = false;
  runs_ = {};
}

void SheetReader::end_cell() {
  SheetCell cell;
  if (!value_.empty()) cell = cell_of_value();
  if (cell.kind == SheetCell::Kind::empty) {
    if (has_formula_ && type_ != "str") notes_.uncomputed.add(cell_name());  // of a text, an empty one is its value
    return;
  }
  cells_ += column_ - row_.cells.size();
  characters_ += cell.text.size();
  if (cells_ > kMostCells) throw InputError(fmt::format("has more than {} cells", kMostCells));
  if (characters_ > kMostCharacters) throw InputError("has cells of more than 1 GB of text");
  row_.cells.resize(column_);
  row_.cells.back() = std::move(cell);
}

void SheetReader::end_row() {
  if (!row_.cells.empty()) take_(row_);
}

SheetCell SheetReader::cell_of_value() {
  using Kind = SheetCell::Kind;
  if (type_.empty() || type_ == "n") return number();
  if (type_ == "s") return shared_text();
  if (type_ == "e") return {Kind::error, value_};
  if (type_ == "b") {
    if (value_ == "1" || value_ == "true") return {Kind::boolean, "True"};
    if (value_ == "0" || value_ == "false") return {Kind::boolean, "False"};
    throw InputError(
        fmt::format("damaged: cell {}: '{}' is not a truth value", cell_name(), cut_to(printable(value_), 40)));
  }
  if (type_ == "d") {
    if (auto moment = iso_text(value_)) return {Kind::moment, std::move(*moment)};
    throw InputError(fmt::format("damaged: cell {}: '{}' is not a date", cell_name(), cut_to(printable(value_), 40)));
  }
  return {Kind::text, std::move(value_)};  // of a formula ("str"), or in the cell itself ("inlineStr")
}

SheetCell SheetReader::number() {
  using Kind = SheetCell::Kind;
  auto stored = cell_number(value_);
  if (!stored) {
    throw InputError(fmt::format("damaged: cell {}: '{}' is not a number", cell_name(), cut_to(printable(value_), 40)));
  }
  const NumberKind kind = context_.formats.kind(style_);
  if (kind == NumberKind::number) return {Kind::number, std::move(stored->text)};
  auto text = kind == NumberKind::date ? date_text(stored->value, context_.dates) : duration_text(stored->value);
  if (text) return {Kind::moment, std::move(*text)};
  notes_.out_of_dates.add(cell_name());
  return {Kind::error, "#VALUE!"};
}

SheetCell SheetReader::shared_text() {
  const auto first = value_.find_first_not_of(" \t\r\n");
  const auto end = value_.find_last_not_of(" \t\r\n");
  const auto index =
      first == std::string::npos ? std::nullopt : whole_number(std::string_view(value_).substr(first, end - first + 1));
  if (!index || *index >= context_.strings.size()) {
    throw InputError(fmt::format("damaged: cell {} has text number '{}' of {}", cell_name(),
                                 cut_to(printable(value_), 20), context_.strings.size()));
  }
  const std::string_view text = context_.strings[*index];
  if (text.size() > kLongestText) {
    throw InputError(fmt::format("cell {} has a text of more than {} bytes", cell_name(), kLongestText));
  }
  if (text.empty()) return {};
  return {SheetCell::Kind::text, std::string(text)};
}

}  // namespace mtlgrid

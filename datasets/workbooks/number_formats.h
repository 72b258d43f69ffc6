// Which number formats of a workbook make a number a date or a duration.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/workbooks/xml_events.h"

namespace mtlgrid {

enum class NumberKind : std::uint8_t { number, date, duration };

// What the code of a format ("yyyy-mm-dd", "[h]:mm", "0.00") makes of a number, by the rules of openpyxl 3.1: a letter
// of a date (d, m, h, y, s) in the first section, outside quotes and brackets and without \ or _ before it; for a
// duration also hours, minutes or seconds in brackets.
NumberKind kind_of_format(std::string_view code);

// Reads the part of styles: the formats of cells by their style.
class NumberFormats : public XmlHandler {
 public:
  // Of a cell's style; `number` for one that is not there.
  NumberKind kind(std::size_t style) const { return style < kinds_.size() ? kinds_[style] : NumberKind::number; }
  // After the part was read.
  void finish();

  void begin(std::string_view name, const XmlAttributes& attributes) override;
  void end() override { path_.pop_back(); }
  void text(std::string_view) override {}

 private:
  enum class Place : std::uint8_t { other, sheet, formats, styles };
  std::vector<Place> path_;
  std::map<std::string, NumberKind> formats_;  // of the workbook's own, by identifier
  std::vector<std::string> styles_;            // identifier of the format of every style
  std::vector<NumberKind> kinds_;
};

}  // namespace mtlgrid

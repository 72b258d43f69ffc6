// Texts of a workbook: those that its cells share, and the runs that a text is made of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/workbooks/xml_events.h"

namespace mtlgrid {

// Follows the elements within one text (`si` of the shared texts, `is` of a cell): its characters are those of `t`, and
// of `t` in runs `r`. Phonetic runs are not part of it.
class TextRuns {
 public:
  void begin(std::string_view name);
  void end();
  // Whether characters that come now are the text's.
  bool inside() const { return depth_ > 0 && text_at_ == depth_; }

 private:
  int depth_ = 0;     // of elements within the text
  int text_at_ = -1;  // depth of the `t` that is open
  bool run_ = false;  // the first of them is a run
};

// The texts that the cells of a workbook name by number. They are kept in one piece: 8 bytes each beside the
// characters.
class StringTable : public XmlHandler {
 public:
  std::size_t size() const { return ends_.size(); }
  std::string_view operator[](std::size_t i) const {
    const std::size_t from = i == 0 ? 0 : ends_[i - 1];
    return std::string_view(characters_).substr(from, ends_[i] - from);
  }

  void begin(std::string_view name, const XmlAttributes& attributes) override;
  void end() override;
  void text(std::string_view piece) override;

 private:
  std::string characters_;
  std::vector<std::uint64_t> ends_;
  int depth_ = 0;
  bool inside_ = false;  // a text
  TextRuns runs_;
};

}  // namespace mtlgrid

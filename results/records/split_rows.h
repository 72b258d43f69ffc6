// The roles of patients in the folds of a grid's pairs: a row each, in little memory.
//
// A grid of a thousand pairs has millions of rows, but only a few thousand different names in them. Each name is kept
// once, and a row is 20 bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace mtlgrid {

struct SplitRow {
  std::string biomarker, auxiliary;
  int fold = 0;
  std::string patient, role;  // train, valid, test
  bool operator==(const SplitRow&) const = default;
};

// Rows in the order in which they were added; read by value.
class SplitRows {
 public:
  class Iterator {
   public:
    Iterator(const SplitRows& rows, std::size_t at) : rows_(&rows), at_(at) {}
    SplitRow operator*() const { return (*rows_)[at_]; }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    bool operator==(const Iterator& other) const { return at_ == other.at_; }

   private:
    const SplitRows* rows_;
    std::size_t at_;
  };

  void push_back(const SplitRow& row) { add(row.biomarker, row.auxiliary, row.fold, row.patient, row.role); }
  void add(const std::string& biomarker, const std::string& auxiliary, int fold, const std::string& patient,
           const std::string& role);
  void reserve(std::size_t rows) { rows_.reserve(rows); }
  void clear() { *this = SplitRows(); }
  bool empty() const { return rows_.empty(); }
  std::size_t size() const { return rows_.size(); }
  SplitRow operator[](std::size_t i) const;
  Iterator begin() const { return {*this, 0}; }
  Iterator end() const { return {*this, rows_.size()}; }

 private:
  struct Row {
    std::uint32_t biomarker, auxiliary, patient, role;  // in names_
    std::int32_t fold;
  };
  std::uint32_t number_of(const std::string& name);

  std::vector<Row> rows_;
  std::vector<std::string> names_;
  std::unordered_map<std::string, std::uint32_t> numbers_;  // of names_
};

}  // namespace mtlgrid

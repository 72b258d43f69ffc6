// Which feature files belong to which patients of a clinical table, as far as tables and names tell.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "datasets/tables/table.h"
#include "orchestrator/proposal/feature_sets.h"

namespace mtlgrid {

struct Assignment {
  const Table* clini = nullptr;
  std::size_t patient_column = 0;
  bool by_patient = false;  // every file is called as its patient, so that the join needs no slide table
  // The slide table, if the join can use one as it is; it may be the clinical one.
  const Table* slides = nullptr;
  std::size_t slide_patient_column = 0, filename_column = 0;
  // Otherwise (patient, file relative to the set's folder): to be written as a slide table.
  std::vector<std::pair<std::string, std::string>> pairs{};
  std::vector<std::size_t> rows{};   // of `clini`: the first one of every patient with a file
  std::vector<std::size_t> files{};  // of the set, that have a patient; ascending
  // The patients' column is the one that names the files, and is not the patients' by its name.
  bool by_file = false;
  std::string evidence{};  // how they were found, a sentence without full stop
  std::string caution{};   // what may be wrong with the patients' column; empty if nothing is known
};

// One assignment for each table that can be the clinical one of the set's files, those with most files first. Tables
// are tried as slide tables by each column that names files of the set (with folders and suffixes or without), and
// joined by the columns of patients: of those that relate most of the rows, first by their names, then others than the
// one with the files, then with most values. Where no table names files, a column whose values are the beginnings of
// the files' names, or these names themselves, is the patients'. `tables` must outlive the result.
std::vector<Assignment> assignments(const FeatureSet& set, const std::vector<Table>& tables);

}  // namespace mtlgrid

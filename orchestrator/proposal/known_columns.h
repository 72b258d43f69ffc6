// What the names of columns in clinical tables mean, where they are known.
#pragma once

#include <string>
#include <string_view>

namespace mtlgrid {

// Names are compared by their letters and digits alone, without regard to letter case: "Patient ID" is "patient_id".

// Whether a column of that name has patients: PATIENT, case_id, submitter_id, bcr_patient_barcode, ...
bool is_patient_name(std::string_view column);

// The short name of a biomarker that such a column is the label of: MSI for isMSIH, "MSI status", dMMR; "" if unknown.
std::string biomarker_of(std::string_view column);

// Whether it is the label of a gene's mutation: "KRAS", "TP53 status".
bool is_gene(std::string_view column);

// The short name of the paper's signature in such a column (section 3.3: ITH, LF, LISS, Prolif, SF): the paper's own
// names and the column names of Thorsson et al. 2018 (Immunity 48:812, Table S1); "" if unknown.
std::string signature_of(std::string_view column);

// Whether another immune or genomic score of Thorsson et al. 2018, Table S1, has that name.
bool is_other_score(std::string_view column);

// Whether the name is of what is known about every patient and is nobody's biomarker or signature: sex, age, stage,
// survival, dates, sites, identifiers.
bool is_demographic(std::string_view column);

// What a value of a class column says of the class: positive ("MSI-H", "mutated", "HPV+", "yes", "1"), negative ("MSS",
// "wt", "HPV-", "no", "0"), or nothing that is known.
enum class Polarity { positive, negative, unknown };
Polarity polarity_of(std::string_view value);

// Whether the value is between two classes and is left out of both: "MSI-L", "equivocal", "borderline".
bool is_between_classes(std::string_view value);

}  // namespace mtlgrid

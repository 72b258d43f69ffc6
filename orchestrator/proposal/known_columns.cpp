#include "orchestrator/proposal/known_columns.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <vector>

namespace mtlgrid {
namespace {

// Letters and digits in lower case; "+" and "-" of a value that has nothing else stay.
std::string key_of(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const auto u = static_cast<unsigned char>(c);
    if (std::isalnum(u) != 0 || u >= 0x80) out += static_cast<char>(std::tolower(u));
  }
  return out.empty() ? std::string(name) : out;
}

// The words of a name: at everything but letters and digits, and between a small letter and a capital.
std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words(1);
  char before = ' ';
  for (const char c : name) {
    const auto u = static_cast<unsigned char>(c);
    const bool in_word = std::isalnum(u) != 0;
    const bool hump = std::isupper(u) != 0 && std::islower(static_cast<unsigned char>(before)) != 0;
    if ((!in_word || hump) && !words.back().empty()) words.emplace_back();
    if (in_word) words.back() += static_cast<char>(std::tolower(u));
    before = c;
  }
  return words;
}

template <std::size_t N>
bool among(const std::string& key, const std::array<const char*, N>& names) {
  return std::find(names.begin(), names.end(), key) != names.end();
}

constexpr std::array kPatients = {"patient",
                                  "patientid",
                                  "patients",
                                  "patientno",
                                  "patientnumber",
                                  "patientname",
                                  "patientcode",
                                  "case",
                                  "caseid",
                                  "casesubmitterid",
                                  "submitterid",
                                  "bcrpatientbarcode",
                                  "patientbarcode",
                                  "subject",
                                  "subjectid",
                                  "participant",
                                  "participantid",
                                  "pid",
                                  "patid",
                                  "donor",
                                  "donorid",
                                  "tcgaparticipantbarcode",
                                  "casessubmitterid",
                                  "patientenid",
                                  "patientennummer",
                                  "fall",
                                  "fallnummer",
                                  "fallid",
                                  "casenumber",
                                  "caseno"};

// Keys of columns to a biomarker's name. Genes are taken by a list of those that pathology predicts from slides.
const std::map<std::string, std::string>& biomarkers() {
  static const std::map<std::string, std::string> kNames = {{"msi", "MSI"},
                                                            {"ismsih", "MSI"},
                                                            {"msih", "MSI"},
                                                            {"msistatus", "MSI"},
                                                            {"msimss", "MSI"},
                                                            {"mmr", "MSI"},
                                                            {"mmrstatus", "MSI"},
                                                            {"dmmr", "MSI"},
                                                            {"isdmmr", "MSI"},
                                                            {"microsatelliteinstability", "MSI"},
                                                            {"microsatellitestatus", "MSI"},
                                                            {"hrd", "HRD"},
                                                            {"ishrd", "HRD"},
                                                            {"hrdstatus", "HRD"},
                                                            {"hrdbinary", "HRD"},
                                                            {"tmbhigh", "TMB"},
                                                            {"tmbstatus", "TMB"},
                                                            {"er", "ER"},
                                                            {"erstatus", "ER"},
                                                            {"pr", "PR"},
                                                            {"prstatus", "PR"},
                                                            {"her2", "HER2"},
                                                            {"her2status", "HER2"},
                                                            {"pdl1", "PDL1"},
                                                            {"pdl1status", "PDL1"},
                                                            {"ebv", "EBV"},
                                                            {"ebvstatus", "EBV"},
                                                            {"hpv", "HPV"},
                                                            {"hpvstatus", "HPV"},
                                                            {"cimp", "CIMP"},
                                                            {"response", "response"},
                                                            {"responder", "response"}};
  return kNames;
}

constexpr std::array kGenes = {"kras",  "braf",  "nras", "hras",  "tp53", "egfr", "apc",   "pik3ca", "idh1", "idh",
                               "brca1", "brca2", "brca", "stk11", "alk",  "ros1", "fgfr3", "fgfr2",  "pten", "smad4"};

const std::map<std::string, std::string>& signatures() {
  static const std::map<std::string, std::string> kNames = {{"ith", "ITH"},
                                                            {"intratumorheterogeneity", "ITH"},
                                                            {"intratumourheterogeneity", "ITH"},
                                                            {"intratumoralheterogeneity", "ITH"},
                                                            {"lf", "LF"},
                                                            {"leukocytefraction", "LF"},
                                                            {"leucocytefraction", "LF"},
                                                            {"liss", "LISS"},
                                                            {"lymphocyteinfiltrationsignaturescore", "LISS"},
                                                            {"lymphocyteinfiltratingsignaturescore", "LISS"},
                                                            {"lymphocyteinfiltration", "LISS"},
                                                            {"prolif", "Prolif"},
                                                            {"proliferation", "Prolif"},
                                                            {"tumorcellproliferation", "Prolif"},
                                                            {"tumourcellproliferation", "Prolif"},
                                                            {"sf", "SF"},
                                                            {"stromalfraction", "SF"}};
  return kNames;
}

constexpr std::array kScores = {"tilregionalfraction",
                                "woundhealing",
                                "macrophageregulation",
                                "ifngammaresponse",
                                "ifngresponse",
                                "tgfbetaresponse",
                                "tgfbresponse",
                                "snvneoantigens",
                                "indelneoantigens",
                                "silentmutationrate",
                                "nonsilentmutationrate",
                                "numberofsegments",
                                "fractionaltered",
                                "aneuploidyscore",
                                "homologousrecombinationdefects",
                                "bcrevenness",
                                "bcrshannon",
                                "bcrrichness",
                                "tcrshannon",
                                "tcrrichness",
                                "tcrevenness",
                                "ctascore",
                                "th1cells",
                                "th2cells",
                                "th17cells",
                                "hrdscore",
                                "hrdsum",
                                "tmb",
                                "tmbnonsynonymous",
                                "mutationcount",
                                "fractiongenomealtered",
                                "purity",
                                "ploidy",
                                "msisensorscore",
                                "msimantisscore"};

constexpr std::array kDemographicWords = {
    "sex",        "gender",     "race",    "ethnicity", "age",      "year",     "years",         "date",   "days",
    "day",        "month",      "months",  "vital",     "survival", "alive",    "dead",          "death",  "deceased",
    "os",         "pfs",        "dfs",     "dss",       "pfi",      "dfi",      "event",         "time",   "followup",
    "recurrence", "relapse",    "site",    "center",    "centre",   "hospital", "institution",   "batch",  "scanner",
    "country",    "plate",      "tss",     "id",        "uuid",     "barcode",  "height",        "weight", "bmi",
    "smoking",    "smoker",     "alcohol", "stage",     "grade",    "margin",   "metastasis",    "prior",  "history",
    "consent",    "project",    "cohort",  "split",     "fold",     "mpp",      "magnification", "side",   "laterality",
    "location",   "geschlecht", "alter",   "datum",     "stadium",  "zentrum",  "klinik"};

constexpr std::array kPositive = {
    "msih",         "msihigh",   "msi",           "dmmr",       "mmrd",
    "mmrdeficient", "hrd",       "hrdpositive",   "hrdhigh",    "mut",
    "mutated",      "mutant",    "mutation",      "positive",   "pos",
    "yes",          "y",         "true",          "1",          "10",
    "high",         "altered",   "amplified",     "present",    "deficient",
    "detected",     "responder", "response",      "unstable",   "+",
    "instable",     "instabil",  "instability",   "abnormal",   "aberrant",
    "loss",         "lost",      "amplification", "methylated", "microsatelliteinstability",
    "mutiert",      "positiv",   "vorhanden",     "ja",         "oui"};
constexpr std::array kNegative = {"mss",
                                  "msil",
                                  "msslow",
                                  "msimss",
                                  "pmmr",
                                  "mmrp",
                                  "mmrproficient",
                                  "hrp",
                                  "hrdnegative",
                                  "hrdlow",
                                  "wt",
                                  "wildtype",
                                  "wild",
                                  "negative",
                                  "neg",
                                  "no",
                                  "n",
                                  "false",
                                  "0",
                                  "00",
                                  "low",
                                  "intact",
                                  "absent",
                                  "proficient",
                                  "stable",
                                  "normal",
                                  "none",
                                  "-",
                                  "stabil",
                                  "stability",
                                  "retained",
                                  "preserved",
                                  "unmethylated",
                                  "unaltered",
                                  "microsatellitestability",
                                  "wildtyp",
                                  "negativ",
                                  "nein",
                                  "unmutated",
                                  "undetected"};
constexpr std::array kBetween = {"msil", "msilow", "equivocal", "borderline", "indeterminate", "intermediate", "mid"};

}  // namespace

bool is_patient_name(std::string_view column) { return among(key_of(column), kPatients); }

bool is_gene(std::string_view column) {
  const std::vector<std::string> words = words_of(column);
  return among(words.front(), kGenes) && std::all_of(words.begin() + 1, words.end(), [](const std::string& word) {
           return word.empty() || word == "status" || word == "mut" || word == "mutation" || word == "mutated" ||
                  word == "driver";
         });
}

std::string biomarker_of(std::string_view column) {
  const std::string key = key_of(column);
  if (const auto found = biomarkers().find(key); found != biomarkers().end()) return found->second;
  if (!is_gene(column)) return "";
  std::string gene = words_of(column).front();
  std::transform(gene.begin(), gene.end(), gene.begin(), [](unsigned char c) { return std::toupper(c); });
  return gene;
}

std::string signature_of(std::string_view column) {
  const auto found = signatures().find(key_of(column));
  return found == signatures().end() ? "" : found->second;
}

bool is_other_score(std::string_view column) { return among(key_of(column), kScores); }

bool is_demographic(std::string_view column) {
  if (is_patient_name(column)) return true;
  const std::vector<std::string> words = words_of(column);
  return std::any_of(words.begin(), words.end(),
                     [](const std::string& word) { return among(word, kDemographicWords); });
}

Polarity polarity_of(std::string_view value) {
  const std::string key = key_of(value);
  if (std::any_of(key.begin(), key.end(), [](unsigned char c) { return std::isalpha(c) != 0; })) {  // "HPV+", not "2+"
    if (value.ends_with('+')) return Polarity::positive;
    if (value.ends_with('-') || value.ends_with("\u2212") || value.ends_with("\u2013")) return Polarity::negative;
  }
  if (among(key, kPositive)) return Polarity::positive;
  if (among(key, kNegative)) return Polarity::negative;
  if (key.starts_with("non") || key.starts_with("not") || key.starts_with("no")) return Polarity::negative;
  return Polarity::unknown;
}

bool is_between_classes(std::string_view value) { return among(key_of(value), kBetween); }

}  // namespace mtlgrid

#include "datasets/tables/looks_missing.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <set>
#include <utility>

#include "base/ascii.h"
#include "datasets/tables/seen_values.h"
#include "datasets/tables/table.h"

namespace mtlgrid {
namespace {

using Words = std::vector<std::string>;
using WordSet = std::set<std::string, std::less<>>;

// Whole values, in lower case and without blanks and punctuation, beside those that the words below make up.
const WordSet kWhole = {"losttofollowup",       "na", "nan", "nd", "nil", "none", "ka", "null", "tbd", "tbc", "qns",
                        "quantitynotsufficient"};
// Words that say by themselves that nothing is known.
const WordSet kUnknown = {
    "ambiguous", "awaited", "awaiting", "blank", "discrepancy", "discrepant", "empty", "equivocal", "error",
    "inconclusive", "indeterminable", "missing", "na", "nan", "nd", "null", "pending", "qns", "tbc", "tbd", "uncertain",
    "unclassified", "unclear", "unk", "unkn", "unknwon", "uninterpretable", "unspecified", "withheld",
    // German, French, Spanish, Italian, Dutch
    "unbekannt", "fehlt", "fehlend", "ausstehend", "unklar", "inconnu", "inconnue", "manquant", "manquante",
    "indisponible", "desconocido", "desconocida", "sconosciuto", "sconosciuta", "mancante", "onbekend", "ontbreekt"};
// Words of failed tests; in a column of outcomes, and beside a positive class of success, they are a class.
const WordSet kFailed = {"fail", "failed", "fails", "failure", "fehlgeschlagen", "mislukt"};
const WordSet kSucceeded = {"success", "successful", "succeeded", "pass", "passed", "cure", "cured", "responder",
                            "response", "complete", "completed", "effective",
                            // of columns
                            "outcome", "treatment", "therapy"};
// What was not done, or is not the case, where nothing is known: after "not", or with "un", "in" or "non" in front.
const WordSet kFirm = {
    "assess", "classify", "evaluate", "interpret", "accessible", "analysed", "analyzed", "applicable", "ascertained",
    "assessable", "assessed", "available", "avail", "calculated", "classifiable", "collected", "computed", "conclusive",
    "determinable", "determinate", "determined", "documented", "estimable", "evaluable", "evaluated", "examined",
    "genotyped", "informative", "interpretable", "known", "measurable", "measured", "know", "sure", "obtainable",
    "obtained", "profiled", "readable", "recorded", "reported", "scorable", "scored", "sequenced", "stated", "testable",
    "tested", "typed",
    // German, French, Spanish, Italian, Dutch
    "auswertbar", "beurteilbar", "bestimmt", "bestimmbar", "bekannt", "getestet", "vorhanden", "verfügbar",
    "untersucht", "disponible", "disponibile", "déterminé", "determine", "connu", "testé", "teste", "évaluable",
    "renseigné", "renseigne", "evaluado", "determinado", "conocido", "noto", "nota", "valutabile", "determinato",
    "beschikbaar", "bekend", "bepaald", "beoordeelbaar"};
const WordSet kUndone = {
    "adequate",   "answered",    "asked",     "attempted", "callable",     "called",    "carried",   "certain",
    "classified", "collectable", "completed", "conducted", "diagnostic",   "done",      "entered",   "interpreted",
    "noted",      "ordered",     "performed", "possible",  "processed",    "provided",  "requested", "specified",
    "submitted",  "sufficient",  "valid",     "stained",   "durchgeführt", "gemacht",   "angegeben", "fait",
    "realizado",  "hecho",       "eseguito",  "gedaan",    "uitgevoerd",   "retrieved", "received",  "enough",
    "assigned",   "defined",     "returned",  "sent"};
const WordSet kNot = {"dont",  "not",  "non",   "never", "cannot", "cant",          "couldnt",
                      "wasnt", "isnt", "nicht", "niet",  "unable", "unsuccessfully"};
const WordSet kNo = {"no", "kein", "keine", "pas", "geen", "sin", "sans"};
const WordSet kNothing = {
    "answer",  "assessment",  "call",           "consensus", "data",        "determination", "entry",    "evaluation",
    "info",    "information", "interpretation", "material",  "measurement", "record",        "records",  "report",
    "reports", "result",      "results",        "sample",    "samples",     "sequencing",    "specimen", "status",
    "test",    "testing",     "tests",          "tissue",    "value",       "values",        "angabe",   "angaben",
    "daten",   "ergebnis",    "données",        "datos",     "dati",        "gegevens",      "slide",    "slides"};
// Words that say what was tested, or how: they neither make a value missing nor a class.
const WordSet kFiller = {
    "a",          "able",          "an",          "amount",  "analysis", "and",        "any",      "as",
    "assay",      "assessment",    "at",          "be",      "been",     "biopsy",     "block",    "by",
    "call",       "case",          "cells",       "content", "control",  "could",      "coverage", "data",
    "database",   "determination", "dna",         "due",     "either",   "evaluation", "for",      "from",
    "further",    "had",           "has",         "have",    "here",     "histology",  "ihc",      "in",
    "info",       "information",   "is",          "it",      "lab",      "laboratory", "longer",   "do",
    "extraction", "material",      "measurement", "moment",  "ngs",      "of",         "on",       "or",
    "out",        "patient",       "pcr",         "purity",  "qc",       "quality",    "quantity", "reason",
    "reasons",    "record",        "report",      "result",  "results",  "review",     "rna",      "sample",
    "samples",    "sequencing",    "slide",       "slides",  "specimen", "stain",      "staining", "status",
    "still",      "technical",     "technically", "test",    "testing",  "tests",      "the",      "this",
    "time",       "tissue",        "to",          "too",     "tumor",    "tumour",     "value",    "values",
    "was",        "were",          "yet",         "can",     "angaben",  "angabe",     "ergebnis", "because",
    "clinically", "currently",     "fully"};
// With these words, what precedes an unknown thing is a finding: "dead with cause unknown", "primary unknown".
const WordSet kFinding = {"with", "but", "primary", "origin", "significance", "cause"};

// Cells of spreadsheets that could not be computed.
constexpr std::array<std::string_view, 7> kSheetErrors = {"#VALUE!", "#REF!", "#DIV/0!", "#NAME?",
                                                          "#NULL!",  "#NUM!", "#N/A"};
// Numbers that stand for a missing value in any column.
constexpr std::array<std::string_view, 7> kCodes = {"-9", "-99", "-999", "-9999", "-99999", "999", "9999"};

bool has(const WordSet& words, const std::string& word) { return words.contains(word); }

// In lower case; apostrophes in a word are left out, and "n/a" and "n.a." are one word.
Words words_of(std::string_view value) {
  Words words;
  std::string word;
  const std::string text = lower_ascii(keyboard_text(value)) + " ";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (is_of_word(c)) {
      word += c;
    } else if (!word.empty() && c != '\'') {
      const bool abbreviated = (c == '.' || c == '/') && word == "n" && i + 1 < text.size() &&
                               is_of_word(text[i + 1]) && (i + 2 == text.size() || !is_of_word(text[i + 2]));
      if (!abbreviated) words.push_back(std::exchange(word, {}));
    }
  }
  return words;
}

std::string joined(const Words& words) {
  std::string out;
  for (const std::string& word : words) out += word;
  return out;
}

// Reads the words of one value, or of one part of a list of values.
class Reading {
 public:
  Reading(const Words& words, const WordSet& about, bool success) : words_(words), about_(about), success_(success) {}

  // Whether nothing is said but that something is not known.
  bool missing() {
    if (has(kWhole, joined(words_)) && !has(about_, joined(words_))) return true;
    for (std::size_t i = 0; i < words_.size();) i += take(i);
    if (!evidence_) return false;
    const bool finding = std::any_of(content_.begin(), content_.end(), [](const auto& w) { return has(kFinding, w); });
    return content_.empty() || (firm_ && content_.size() <= 3 && last_content_ < last_evidence_ && !finding);
  }
  // Whether nothing is said at all.
  bool neutral() const { return !evidence_ && content_.empty(); }

 private:
  // Reads on from word `at`; returns how many words that took.
  std::size_t take(std::size_t at) {
    const std::string& word = words_[at];
    const bool to_be = word == "to" && at + 1 < words_.size() && words_[at + 1] == "be";
    if (to_be && at + 2 < words_.size() && words_[at + 2] == "confirmed") {
      found(at + 2, false);
      return 3;
    }
    if ((has(kNot, word) || to_be) && undone(at + (to_be ? 2 : 1), true)) return last_ - at + 1;
    if (has(kNo, word) && (nothing(at + 1) || undone(at + 1, false))) return last_ - at + 1;
    if (one_word(word)) {
      found(at, firm_word(word));
    } else if (!has(kFiller, word) && !has(about_, word)) {
      content_.push_back(word);
      last_content_ = at;
    }
    return 1;
  }

  // The next word that says something, from `at` on.
  std::size_t meant(std::size_t at) const {
    while (at < words_.size() && has(kFiller, words_[at]) && !has(kNothing, words_[at])) ++at;
    return at;
  }
  bool is_undone(std::size_t at, bool any) const {
    return at < words_.size() && !has(about_, words_[at]) &&
           (has(kFirm, words_[at]) || (any && has(kUndone, words_[at])));
  }
  bool undone(std::size_t from, bool any) {
    const std::size_t at = meant(from);
    if (!is_undone(at, any)) return false;
    found(at, has(kFirm, words_[at]));
    return true;
  }
  // "no valid data", "no data were collected".
  bool nothing(std::size_t from) {
    std::size_t at = meant(from);
    while (at < words_.size() && has(about_, words_[at]) && !has(kNothing, words_[at])) at = meant(at + 1);
    if (is_undone(at, true)) at = meant(at + 1);
    if (at == words_.size() || !has(kNothing, words_[at])) return false;
    found(at, false);
    if (const std::size_t next = meant(at + 1); is_undone(next, true)) found(next, false);
    return true;
  }
  void found(std::size_t at, bool firm) {
    evidence_ = true;
    firm_ = firm;
    last_ = last_evidence_ = at;
  }

  // "untested", "notevaluable", "nocall".
  std::optional<std::string> negated(const std::string& word) const {
    for (const std::string_view prefix : {"un", "in", "non", "not"}) {
      if (!word.starts_with(prefix)) continue;
      const std::string rest = word.substr(prefix.size());
      if ((has(kFirm, rest) || has(kUndone, rest)) && !has(about_, rest)) return rest;
    }
    if (word.starts_with("no") && has(kNothing, word.substr(2))) return "";
    return std::nullopt;
  }
  bool one_word(const std::string& word) const {
    if (has(about_, word)) return false;
    return has(kUnknown, word) || (has(kFailed, word) && !success_) || negated(word).has_value();
  }
  bool firm_word(const std::string& word) const {
    static const WordSet firm = {"equivocal", "inconclusive", "indeterminable", "na",        "nd",      "pending",
                                 "unk",       "unclear",      "unkn",           "unbekannt", "inconnu", "onbekend"};
    const auto rest = negated(word);
    return has(firm, word) || (rest && has(kFirm, *rest));
  }

  const Words& words_;
  const WordSet& about_;
  const bool success_;
  bool evidence_ = false, firm_ = false;
  std::size_t last_ = 0, last_evidence_ = 0, last_content_ = 0;
  Words content_;
};

// The parts of a list in one cell: "Unknown|Unknown", "unknown, not tested".
std::vector<std::string> parts_of(std::string_view value) {
  std::vector<std::string> parts(1);
  for (const char c : value) {
    const std::string& part = parts.back();
    const bool letter = part.size() == 1 || (part.size() > 1 && !is_of_word(part[part.size() - 2]));  // "n/a"
    if (std::string_view("|;,/&\n").find(c) == std::string_view::npos || (c == '/' && letter)) {
      parts.back() += c;
    } else {
      parts.emplace_back();
    }
  }
  return parts;
}

// The value without a remark at its end: "Not evaluable (low DNA)".
std::string_view without_remark(std::string_view value) {
  const auto open = value.find(" (");
  return open != std::string_view::npos && open > 0 && value.ends_with(')') ? value.substr(0, open) : value;
}

bool missing_words(std::string_view value, const WordSet& about, bool success) {
  const std::string_view bare = without_remark(value);
  if (bare != value && !words_of(bare).empty() && missing_words(bare, about, success)) return true;
  const Words all = words_of(value);
  if (all.empty()) return value.empty() || value.find_first_not_of('+') != std::string_view::npos;
  if (has(kWhole, joined(all))) return !has(about, joined(all));
  bool any = false;
  for (const std::string& part : parts_of(value)) {
    const Words words = words_of(part);
    Reading reading(words, about, success);
    if (reading.missing()) {
      any = true;
    } else if (!reading.neutral() || words.size() == 1) {
      return false;
    }
  }
  return any;
}

bool is_sheet_error(std::string_view text) {
  return std::any_of(kSheetErrors.begin(), kSheetErrors.end(), [&](std::string_view error) {
    return text == error || (text.starts_with('=') && text.substr(1) == error);
  });
}

bool all_signs(const std::string& value) { return value.find_first_not_of("+-") == std::string::npos; }

}  // namespace

bool looks_missing(std::string_view value) {
  const std::string text = keyboard_text(value);
  return is_sheet_error(text) || std::find(kCodes.begin(), kCodes.end(), text) != kCodes.end() ||
         missing_words(text, {}, false);
}

bool looks_like_no_class(const std::string& value, const std::string& column,
                         const std::vector<std::string>& positive) {
  const std::string text = keyboard_text(value);
  if (!positive.empty() && std::all_of(positive.begin(), positive.end(), all_signs) && all_signs(text)) return false;
  if (is_sheet_error(text)) return true;
  if (const auto number = parse_number(text)) {
    return is_missing_code(*number) && std::none_of(positive.begin(), positive.end(), [&](const std::string& p) {
             const auto other = parse_number(p);
             return other && (*number > 0 ? *other > *number / 2 : *other < 0);
           });
  }
  WordSet about;
  bool success = false;
  for (const std::string& p : positive) {
    for (const std::string& word : words_of(p)) {
      about.insert(word);
      success = success || has(kSucceeded, word);
    }
  }
  for (const std::string& word : words_of(column)) {
    success = success || has(kSucceeded, word);
    if (!has(kFirm, word) && !has(kUndone, word) && !has(kUnknown, word)) about.insert(word);
  }
  return missing_words(text, about, success);
}

bool is_missing_code(double number) {
  if (number == -1) return true;
  const double size = std::abs(number);
  for (const double digit : {7.0, 8.0, 9.0}) {
    for (double code = digit; code < 1e6; code = 10 * code + digit) {
      if (size == code) return true;
    }
  }
  return size == 98 || size == 998 || size == 97 || size == 997;
}

}  // namespace mtlgrid

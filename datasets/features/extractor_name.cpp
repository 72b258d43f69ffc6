#include "datasets/features/extractor_name.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace mtlgrid {
namespace {

// Names that STAMP gave extractors from 1.0 to 2.5, and what each is called today.
constexpr std::array<std::pair<std::string_view, std::string_view>, 30> kExtractorNames = {{
    {"xiyuewang-ctranspath-7c998680", "ctranspath"},
    {"ctranspath", "ctranspath"},
    {"chief-ctranspath", "chief-ctranspath"},
    {"chief_ctranspath", "chief-ctranspath"},
    {"mahmood-conch", "conch"},
    {"conch", "conch"},
    {"mahmood-conch1_5", "conch1_5"},
    {"conchv1_5", "conch1_5"},
    {"conch1_5", "conch1_5"},
    {"mahmood-uni", "uni"},
    {"uni", "uni"},
    {"mahmood-uni2", "uni2"},
    {"uni2", "uni2"},
    {"dino-bloom", "dino-bloom"},
    {"red-dino", "red-dino"},
    {"gigapath", "gigapath"},
    {"h_optimus_0", "h-optimus-0"},
    {"h-optimus-0", "h-optimus-0"},
    {"h_optimus_1", "h-optimus-1"},
    {"h-optimus-1", "h-optimus-1"},
    {"virchow", "virchow"},
    {"virchow-full", "virchow-full"},
    {"virchow2", "virchow2"},
    {"musk", "musk"},
    {"mstar", "mstar"},
    {"plip", "plip"},
    {"keep", "keep"},
    {"ticon", "ticon"},
    {"kronos", "kronos"},
    {"empty", "empty"},
}};

// TRIDENT's names of encoders of which STAMP has the same weights.
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kTridentNames = {{
    {"conch_v1", "conch"},
    {"conch_v15", "conch1_5"},
    {"uni_v1", "uni"},
    {"uni_v2", "uni2"},
    {"hoptimus0", "h-optimus-0"},
    {"hoptimus1", "h-optimus-1"},
}};

// "" or "-" and 8 hex digits.
bool is_code_hash_or_empty(std::string_view text) {
  return text.empty() ||
         (text.size() == 9 && text[0] == '-' && text.find_first_not_of("0123456789abcdef", 1) == text.npos);
}

}  // namespace

std::string canonical_extractor(const std::string& extractor) {
  // STAMP 1.x: "STAMP-extract-<version>_<date>_<name>"; 2.0 and 2.1: "<name>-<first 8 hex digits of the code's hash>";
  // 2.2 and later: "<name>". A name may end in its weights' hash, and others' names in eight digits: only what follows
  // a name of STAMP's is cut off.
  // marugoto: "marugoto-extract-v<version>_<name>".
  constexpr std::string_view kVersion1 = "STAMP-extract-", kMarugoto = "marugoto-extract-v";
  std::string_view name = extractor;
  if (name.starts_with(kMarugoto) && name.find('_') != name.npos) {
    name.remove_prefix(name.find('_') + 1);
  } else if (name.starts_with(kVersion1)) {
    const auto date = name.find('_');
    const auto id = date == name.npos ? name.npos : name.find('_', date + 1);
    if (id != name.npos) name.remove_prefix(id + 1);
  }
  const auto known = std::find_if(kExtractorNames.begin(), kExtractorNames.end(), [&](const auto& entry) {
    return name.starts_with(entry.first) && is_code_hash_or_empty(name.substr(entry.first.size()));
  });
  return std::string(known == kExtractorNames.end() ? name : known->second);
}

std::string canonical_encoder(const std::string& encoder) {
  const auto known =
      std::find_if(kTridentNames.begin(), kTridentNames.end(), [&](const auto& e) { return e.first == encoder; });
  return known == kTridentNames.end() ? canonical_extractor(encoder) : std::string(known->second);
}

}  // namespace mtlgrid

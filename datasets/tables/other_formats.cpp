#include "datasets/tables/other_formats.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string>

#include "base/ascii.h"
#include "base/errors.h"
#include "base/text.h"

namespace mtlgrid {
namespace {

constexpr const char* kSaveAsCsv = "open it in the program that made it and save the table as csv (UTF-8)";
constexpr const char* kLibreOffice = "convert it: libreoffice --headless --convert-to xlsx {}";
constexpr const char* kNumbers =
    "in Numbers, choose File, Export To, Excel; or convert it: libreoffice --headless --convert-to xlsx {}";
constexpr const char* kParquet =
    "convert it: python3 -c 'import sys, pandas; pandas.read_parquet(sys.argv[1]).to_csv(sys.argv[2], index=False)' {} "
    "{}";
constexpr const char* kFeather =
    "convert it: python3 -c 'import sys, pandas; pandas.read_feather(sys.argv[1]).to_csv(sys.argv[2], index=False)' {} "
    "{}";
constexpr const char* kEncrypted =
    "open it and save it without a password; or, with pip's msoffcrypto-tool: msoffcrypto-tool -p PASSWORD {} "
    "open.xlsx";

// What begins like this is not a table. In an advice {} is the file, and a second {} one in .csv beside it.
struct Format {
  std::string_view start;
  const char *name, *advice;
};
constexpr Format kFormats[] = {{"\x1F\x8B", "compressed with gzip", "unpack it first (gunzip)"},
                               {"BZh", "compressed with bzip2", "unpack it first (bunzip2)"},
                               {"\xFD"
                                "7zXZ",
                                "compressed with xz", "unpack it first (unxz)"},
                               {"\x89HDF", "an HDF5 file", "tables are text: name the clinical or slide table"},
                               {"%PDF", "a PDF document", kSaveAsCsv},
                               {"PAR1", "a Parquet file", kParquet},
                               {"ARROW1", "an Arrow file (.feather)", kFeather},
                               {"FEA1", "a Feather file", kFeather},
                               {"SQLite format 3", "a SQLite database", kSaveAsCsv},
                               {"{\\rtf", "an RTF document", kSaveAsCsv}};

// Archives, by a member that they have; the names of members are uncompressed.
constexpr Format kArchives[] = {{"xl/workbook.bin", "a binary Excel workbook (.xlsb)", kLibreOffice},
                                {"opendocument.spreadsheet", "an OpenDocument spreadsheet (.ods)", kLibreOffice},
                                {"Index/Document.iwa", "a Numbers spreadsheet", kNumbers},
                                {"Index.zip", "a Numbers spreadsheet", kNumbers},
                                {"word/document.xml", "a Word document", kSaveAsCsv}};

// Text that begins like this (after white space, in small letters) is not a table.
constexpr Format kMarkup[] = {{"<!doctype", "a web page", "download the table itself, as csv or tsv"},
                              {"<html", "a web page", "download the table itself, as csv or tsv"},
                              {"<table", "a web page", "download the table itself, as csv or tsv"},
                              {"<?xml", "an XML document", kSaveAsCsv},
                              {"{\"", "a JSON document", "download the table as csv or tsv"},
                              {"[{", "a JSON document", "download the table as csv or tsv"}};

[[noreturn]] void refuse(const std::filesystem::path& path, const char* name, std::string_view advice) {
  const std::string file = shell_quoted(path.string());
  const std::string csv = shell_quoted(std::filesystem::path(path).replace_extension(".csv").string());
  throw InputError(fmt::format("{}: is {}, not a table that can be read; {}", path.string(), name,
                               fmt::format(fmt::runtime(advice), file, csv)));
}

// `text` as UTF-16, as the directories of OLE files have names.
std::string wide(std::string_view text) {
  std::string out;
  for (const char c : text) out += {c, '\0'};
  return out;
}

void refuse_ole(std::string_view bytes, const std::filesystem::path& path) {
  if (!bytes.starts_with("\xD0\xCF\x11\xE0")) return;
  if (bytes.find(wide("EncryptedPackage")) != std::string_view::npos) {
    refuse(path, "a workbook with a password", kEncrypted);
  }
  if (bytes.find(wide("WordDocument")) != std::string_view::npos) refuse(path, "an old Word document", kSaveAsCsv);
  refuse(path, "an old Excel workbook (.xls)", kLibreOffice);
}

void refuse_archive(std::string_view bytes, const std::filesystem::path& path) {
  if (!bytes.starts_with("PK\x03\x04") && !bytes.starts_with("PK\x05\x06")) return;
  for (const Format& format : kArchives) {
    if (bytes.find(format.start) != std::string_view::npos) refuse(path, format.name, format.advice);
  }
  const std::string suffix = lower_ascii(path.extension().string());
  if ((suffix == ".xlsx" || suffix == ".xlsm") && bytes.find("PK\x05\x06") == std::string_view::npos) {
    refuse(path, "the beginning of a zip archive, perhaps of a workbook", "is it whole? Copy it once more");
  }
  refuse(path, "a zip archive", "unpack it first");
}

// The beginning of the text without white space, in small letters.
std::string beginning(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 400)) {
    if (std::isspace(static_cast<unsigned char>(c)) == 0) {
      out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
  }
  return out;
}

}  // namespace

void refuse_other_formats(std::string_view bytes, const std::filesystem::path& path) {
  refuse_ole(bytes, path);
  refuse_archive(bytes, path);
  for (const Format& format : kFormats) {
    const bool letters =
        std::all_of(format.start.begin(), format.start.end(), [](unsigned char c) { return std::isalnum(c) != 0; });
    // A header may begin with the same letters.
    if (!bytes.starts_with(format.start) || (letters && bytes.substr(0, 4096).find('\0') == std::string_view::npos)) {
      continue;
    }
    refuse(path, format.name, format.advice);
  }
  const std::string start = beginning(bytes);
  for (const Format& format : kMarkup) {
    if (start.starts_with(format.start)) refuse(path, format.name, format.advice);
  }
}

}  // namespace mtlgrid

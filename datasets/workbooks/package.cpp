#include "datasets/workbooks/package.h"

#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <optional>

#include "base/errors.h"
#include "base/text.h"
#include "datasets/workbooks/xml_events.h"

namespace mtlgrid {
namespace {

constexpr std::uint64_t kLongestPart = std::uint64_t{16} << 20;  // of those that name others; guessed
constexpr std::size_t kMostSheets = 10'000;                      // guessed

void parse_part(const ZipParts& parts, const std::string& part, XmlHandler& handler) {
  parse_xml(part, [&](const auto& take) { parts.read(part, kLongestPart, take); }, handler);
}

struct Relation {
  std::string type;  // its last word: "worksheet"
  std::string target;
};

// Targets are relative to the folder of the part that has the relationships; "/" begins one from the top.
std::string resolved(std::string_view folder, std::string_view target) {
  if (target.starts_with('/')) return std::string(target.substr(1));
  std::string path(folder);
  while (target.starts_with("../") || target.starts_with("./")) {
    if (target.starts_with("../")) {
      const auto slash = path.size() < 2 ? std::string::npos : path.rfind('/', path.size() - 2);
      path.resize(slash == std::string::npos ? 0 : slash + 1);
    }
    target.remove_prefix(target.find('/') + 1);
  }
  return path + std::string(target);
}

class Relations : public XmlHandler {
 public:
  // Of `part`, "" for the archive itself.
  Relations(const ZipParts& parts, const std::string& part) {
    const auto slash = part.rfind('/');
    folder_ = slash == std::string::npos ? "" : part.substr(0, slash + 1);
    const std::string file = folder_ + "_rels/" + part.substr(folder_.size()) + ".rels";
    if (parts.has(file)) parse_part(parts, file, *this);
  }
  const Relation* find(const std::string& id) const {
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : &found->second;
  }
  std::optional<std::string> of_type(std::string_view type) const {
    for (const auto& [id, relation] : by_id_) {
      if (relation.type == type) return relation.target;
    }
    return std::nullopt;
  }

  void begin(std::string_view name, const XmlAttributes& attributes) override {
    if (name != "Relationship" || attributes.get("TargetMode") == "External") return;
    const std::string_view type = attributes.get("Type");
    by_id_[std::string(attributes.get("Id"))] = {std::string(type.substr(type.rfind('/') + 1)),
                                                 resolved(folder_, attributes.get("Target"))};
  }
  void end() override {}
  void text(std::string_view) override {}

 private:
  std::string folder_;
  std::map<std::string, Relation> by_id_;
};

bool is_true(std::string_view value) { return value == "1" || value == "true" || value == "on"; }

class WorkbookPart : public XmlHandler {
 public:
  struct Sheet {
    std::string name, id;
    bool hidden;
  };
  std::vector<Sheet> sheets;
  bool from_1904 = false;

  void begin(std::string_view name, const XmlAttributes& attributes) override {
    if (path_.size() == 1 && name == "workbookPr") from_1904 = is_true(attributes.get("date1904"));
    if (path_.size() == 2 && path_[1] == "sheets" && name == "sheet") {
      const std::string_view state = attributes.get("state");
      sheets.push_back({std::string(attributes.get("name")), std::string(attributes.get("id")),
                        state == "hidden" || state == "veryHidden"});
      if (sheets.size() > kMostSheets) throw InputError(fmt::format("has more than {} sheets", kMostSheets));
    }
    path_.emplace_back(name);
  }
  void end() override { path_.pop_back(); }
  void text(std::string_view) override {}

 private:
  std::vector<std::string> path_;
};

std::string part_of(const ZipParts& parts, const Relations& relations, std::string_view type, const char* usual) {
  if (auto part = relations.of_type(type); part && parts.has(*part)) return *part;
  return parts.has(usual) ? usual : "";
}

}  // namespace

Package read_package(const ZipParts& parts) {
  const std::string main = part_of(parts, Relations(parts, ""), "officeDocument", "xl/workbook.xml");
  if (main.empty()) throw InputError("is a zip archive without a workbook in it; unpack it first");
  WorkbookPart workbook;
  parse_part(parts, main, workbook);
  const Relations relations(parts, main);
  Package package;
  for (WorkbookPart::Sheet& sheet : workbook.sheets) {
    const Relation* relation = relations.find(sheet.id);
    if (relation == nullptr || (relation->type == "worksheet" && !parts.has(relation->target))) {
      throw InputError(fmt::format("damaged: sheet '{}' is missing in the archive", printable(sheet.name)));
    }
    if (relation->type == "worksheet") {
      package.sheets.push_back({std::move(sheet.name), relation->target, sheet.hidden});
    }
  }
  if (package.sheets.empty()) {
    throw InputError(workbook.sheets.empty() ? "is an Office document without sheets"
                                             : "has no sheet of cells, only charts or macros");
  }
  package.strings = part_of(parts, relations, "sharedStrings", "xl/sharedStrings.xml");
  package.styles = part_of(parts, relations, "styles", "xl/styles.xml");
  package.dates = workbook.from_1904 ? DateSystem::from_1904 : DateSystem::from_1900;
  return package;
}

}  // namespace mtlgrid

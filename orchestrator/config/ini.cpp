#include "orchestrator/config/ini.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <utf8.h>

#include <algorithm>
#include <optional>
#include <string>

#include "base/quoting.h"
#include "base/whole_file.h"

namespace mtlgrid {
namespace {

constexpr std::string_view kBlank = " \t\r\v\f", kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::size_t kLongest = 16 << 20;  // bytes of a file; guessed: a thousand times the largest seen
constexpr const char* kQuoting = "expected a quote at the end of the name or value (one within it is written twice)";

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

bool is_blank(char c) { return kBlank.find(c) != std::string_view::npos; }

// The line up to its comment. A value's quotes hide comments; one that is never closed reaches the end of the line, and
// `closed` is then false.
std::string_view without_comment(std::string_view line, bool& closed) {
  const bool heading = trim(line).starts_with('[');
  bool may_open = false, in_value = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if ((c == '#' || c == ';') && (i == 0 || is_blank(line[i - 1]))) return line.substr(0, i);
    if (c == '"' && may_open) {
      const std::size_t end = quote_end(line, i);
      closed = end != std::string_view::npos;
      if (!closed) return line;
      i = end - 1;
      may_open = false;
    } else if (c == '=' && !in_value && !heading) {
      in_value = may_open = true;
    } else {
      may_open = (in_value && (c == ',' || c == ':')) || (may_open && is_blank(c));
    }
  }
  return line;
}

class Parser {
 public:
  Parser(const std::string& path, Problems& problems) : problems_(problems) { file_.path = path; }

  void line(std::string_view text) {
    ++line_;
    if (!utf8::is_valid(text.begin(), text.end()) || text.find('\0') != std::string_view::npos) {
      unreadable_.push_back(line_);
      return;
    }
    bool closed = true;
    text = trim(without_comment(text, closed));
    if (text.empty()) return;
    if (!closed) return problem(fmt::format("a quote is opened and not closed in {}; {}", text, kQuoting));
    if (text.front() == '[') {
      section(text);
    } else {
      entry(text);
    }
  }

  // Adds the problem that is told once for the whole file.
  IniFile take() {
    constexpr std::size_t kNamed = 3;
    if (const std::size_t count = unreadable_.size(); count > 0) {
      unreadable_.resize(std::min(count, kNamed));
      problems_.add(fmt::format("{}, line{} {}{}: not UTF-8 text; save the file as UTF-8", file_.path,
                                count == 1 ? "" : "s", fmt::join(unreadable_, ", "),
                                count > kNamed ? fmt::format(" and {} more", count - kNamed) : ""));
    }
    return std::move(file_);
  }

 private:
  void problem(const std::string& what) { problems_.add(fmt::format("{}, line {}: {}", file_.path, line_, what)); }

  // The entries of a malformed section are skipped, so that they do not end up in another section.
  void section(std::string_view text) {
    current_ = nullptr;
    skipping_ = true;
    const std::string name(trim(text.substr(1, text.find(']') == std::string_view::npos ? 0 : text.size() - 2)));
    if (text.back() != ']' || name.empty() || name.find_first_of("[]") != std::string::npos) {
      return problem(fmt::format("'{}' is not a section heading; expected [NAME]", text));
    }
    if (const IniSection* first = file_.section(name)) {
      return problem(fmt::format("section [{}] was already defined in line {}", name, first->line));
    }
    current_ = &file_.sections.emplace_back(IniSection{name, line_, {}});
  }

  void entry(std::string_view text) {
    const auto equals = text.find('=');
    if (equals == std::string_view::npos || trim(text.substr(0, equals)).empty()) {
      return problem(fmt::format("'{}' is neither [SECTION] nor KEY = VALUE", text));
    }
    const std::string key(trim(text.substr(0, equals)));
    if (current_ == nullptr) {
      if (!skipping_) problem(fmt::format("'{}' comes before the first section", key));
      return;
    }
    for (const IniEntry& e : current_->entries) {
      if (e.key == key) return problem(fmt::format("[{}] {} was already set in line {}", current_->name, key, e.line));
    }
    current_->entries.push_back({key, std::string(trim(text.substr(equals + 1))), line_});
  }

  IniFile file_;
  Problems& problems_;
  IniSection* current_ = nullptr;  // into file_.sections, valid until the next section begins
  bool skipping_ = false;          // after the heading of a malformed section
  std::size_t line_ = 0;
  std::vector<std::size_t> unreadable_;  // lines that are not UTF-8
};

}  // namespace

const IniSection* IniFile::section(std::string_view name) const {
  const auto found = std::find_if(sections.begin(), sections.end(), [&](const auto& s) { return s.name == name; });
  return found == sections.end() ? nullptr : &*found;
}

IniFile parse_ini(std::string_view text, const std::string& path, Problems& problems) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  Parser parser(path, problems);
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    parser.line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parser.take();
}

IniFile read_ini(const std::filesystem::path& file, Problems& problems) {
  std::optional<std::string> text;
  problems.collect([&] { text = read_whole_file(file, "a configuration file", kLongest); });
  return text ? parse_ini(*text, file.string(), problems) : IniFile{};
}

}  // namespace mtlgrid

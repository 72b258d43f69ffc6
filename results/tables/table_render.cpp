#include "results/tables/table_render.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "results/tables/table_text.h"
#include "results/tables/table_workbook.h"

namespace mtlgrid {
namespace {

// A number with `decimals` decimals; no "-0.00".
std::string rounded(double value, int decimals) {
  std::string text = fmt::format("{:.{}f}", value, decimals);
  if (text[0] == '-' && text.find_first_of("123456789") == std::string::npos) text.erase(0, 1);
  return text;
}

// What a cell of the table shows, in parts that each format puts together.
struct Shown {
  std::string value, ci, count;  // "83.1", "[80.2, 86.0]", "(3/5)"; empty where there is none
  int stars = 0;
  bool best = false;
};

Shown shown(const TableValue& v, int decimals) {
  Shown s{"–", "", "", v.stars, v.best};
  if (!std::isnan(v.value)) s.value = rounded(v.value, decimals);
  if (!std::isnan(v.ci_low)) s.ci = fmt::format("[{}, {}]", rounded(v.ci_low, decimals), rounded(v.ci_high, decimals));
  if (v.have < v.want) s.count = fmt::format("({}/{})", v.have, v.want);
  return s;
}

// CommonMark with GitHub's tables, strike-through and mathematics. Characters without effect at their place are not
// escaped, so that the file also reads well as text.
std::string markdown_text(std::string_view raw) {
  const std::string text = one_line(raw);
  const auto word = [&](std::size_t i) { return i < text.size() && std::isalnum(static_cast<unsigned char>(text[i])); };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i], next = i + 1 < text.size() ? text[i + 1] : ' ';
    const bool escaped = std::string_view("\\`*[]|~$&").find(c) != std::string_view::npos ||
                         (c == '_' && !(i > 0 && word(i - 1) && word(i + 1))) || (c == '<' && next != ' ') ||
                         (i == 0 && std::string_view("#-+>").find(c) != std::string_view::npos);
    if (escaped) out += '\\';
    out += c;
  }
  return out;
}

std::string markdown_value(const TableValue& value, int decimals) {
  const Shown s = shown(value, decimals);
  std::string text = s.best ? fmt::format("**{}**", s.value) : s.value;
  for (int i = 0; i < s.stars; ++i) text += "∗";  // U+2217: no markup
  for (const std::string& part : {s.ci, s.count}) {
    if (!part.empty()) text += fmt::format(" {}", part);
  }
  return text;
}

using Rows = std::vector<std::vector<std::string>>;

// Pipes around the columns, padded to their widths in code points. The first row is the heading.
std::string markdown_rows(const Rows& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows) {
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], width(row[c]));
  }
  std::string out;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t c = 0; c < rows[r].size(); ++c) {
      out += fmt::format("| {}{} ", rows[r][c], std::string(widths[c] - width(rows[r][c]), ' '));
    }
    out += "|\n";
    if (r > 0) continue;
    for (std::size_t w : widths) out += fmt::format("| {:-<{}} ", "", w);
    out += "|\n";
  }
  return out;
}

std::string render_markdown(const PaperTable& table) {
  Rows rows = {{"Method"}};
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    std::string heading;
    for (const auto& level : table.header) {
      if (!heading.empty()) heading += " ";
      heading += markdown_text(level[c]);
    }
    rows[0].push_back(heading);
  }
  for (std::size_t m = 0; m < table.methods.size(); ++m) {
    rows.push_back({markdown_text(table.methods[m])});
    for (const TableValue& v : table.values[m]) rows.back().push_back(markdown_value(v, table.decimals));
  }
  std::string out = markdown_text(table.caption) + "\n\n" + markdown_rows(rows);
  if (!table.notes.empty()) out += "\n";
  for (const std::string& note : table.notes) out += fmt::format("- {}\n", markdown_text(note));
  return out;
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

std::string csv_number(double value) { return std::isnan(value) ? "" : fmt::format("{}", value); }

std::string render_csv(const PaperTable& table) {
  const std::string name = name_in_values(table);
  std::string out = fmt::format("{}\n", fmt::join(kValueColumns, ","));
  for (std::size_t m = 0; m < table.methods.size(); ++m) {
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      const TableColumn& column = table.columns[c];
      const TableValue& v = table.values[m][c];
      for (const std::string& text :
           {name, table.methods[m], column.biomarker, column.cohort, column.auxiliary, column.metric}) {
        out += csv_field(text) + ",";
      }
      out +=
          fmt::format("{},{},{},{},{},{},{},{},{}\n", csv_number(v.value), csv_number(v.ci_low), csv_number(v.ci_high),
                      v.have, v.want, v.best ? 1 : 0, v.stars, column.fold ? fmt::to_string(*column.fold) : "",
                      column.repeat ? fmt::to_string(*column.repeat) : "");
    }
  }
  return out;
}

std::string latex_text(std::string_view raw) {
  static constexpr std::pair<std::string_view, std::string_view> kSpecial[] = {{"\\", "\\textbackslash{}"},
                                                                               {"{", "\\{"},
                                                                               {"}", "\\}"},
                                                                               {"&", "\\&"},
                                                                               {"%", "\\%"},
                                                                               {"$", "\\$"},
                                                                               {"#", "\\#"},
                                                                               {"_", "\\_"},
                                                                               {"~", "\\textasciitilde{}"},
                                                                               {"^", "\\textasciicircum{}"},
                                                                               {"<", "\\textless{}"},
                                                                               {">", "\\textgreater{}"},
                                                                               {"|", "\\textbar{}"},
                                                                               {"\"", "\\textquotedbl{}"},
                                                                               {"–", "--"},
                                                                               {"∗", "$\\ast$"},
                                                                               {"²", "$^{2}$"}};
  std::string out;
  const std::string text = one_line(raw);
  for (std::size_t i = 0; i < text.size();) {
    const std::string_view rest = std::string_view(text).substr(i);
    const auto* special = std::find_if(std::begin(kSpecial), std::end(kSpecial),
                                       [&](const auto& s) { return rest.starts_with(s.first); });
    if (special == std::end(kSpecial)) {
      out += text[i++];
    } else {
      out += special->second;
      i += special->first.size();
    }
  }
  return out;
}

std::string latex_value(const TableValue& value, int decimals) {
  const Shown s = shown(value, decimals);
  const std::string number =
      std::isnan(value.value) ? "--" : (s.value[0] == '-' ? fmt::format("${}$", s.value) : s.value);
  std::string text = s.best ? fmt::format("\\textbf{{{}}}", number) : number;
  if (s.stars > 0) {
    text += "$^{";
    for (int i = 0; i < s.stars; ++i) text += "\\ast";
    text += "}$";
  }
  if (!s.ci.empty()) text += fmt::format(" {{\\scriptsize ${}$}}", s.ci);
  if (!s.count.empty()) text += fmt::format(" {{\\scriptsize {}}}", s.count);
  return text;
}

// Runs of columns with one label at `level`, which end where a level above changes: [first, last).
std::vector<std::pair<std::size_t, std::size_t>> groups(const PaperTable& table, std::size_t level) {
  std::vector<std::pair<std::size_t, std::size_t>> out;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    bool same = c > 0;
    for (std::size_t l = 0; same && l <= level; ++l) same = table.header[l][c] == table.header[l][c - 1];
    if (same) {
      out.back().second = c + 1;
    } else {
      out.emplace_back(c, c + 1);
    }
  }
  return out;
}

std::string latex_header(const PaperTable& table) {
  std::string out;
  for (std::size_t level = 0; level < table.header.size(); ++level) {
    const bool last = level + 1 == table.header.size();
    std::string rules;
    out += last ? "Method" : "";
    for (const auto& [first, end] : groups(table, level)) {
      const std::string label = latex_text(table.header[level][first]);
      out += end - first == 1 ? fmt::format(" & {}", label)
                              : fmt::format(" & \\multicolumn{{{}}}{{c}}{{{}}}", end - first, label);
      rules += fmt::format("\\cmidrule(lr){{{}-{}}}", first + 2, end + 1);
    }
    out += " \\\\\n";
    if (!last) out += rules + "\n";
  }
  return out;
}

std::string render_latex(const PaperTable& table) {
  std::string out = "% Needs \\usepackage{booktabs,graphicx}, T1 fonts and UTF-8 input.\n\\begin{table}\n\\centering\n";
  out += fmt::format("\\caption{{{}}}\n\\label{{tab:{}}}\n", latex_text(table.caption), table.file_stem);
  out +=
      "\\resizebox{\\textwidth}{!}{%\n\\begin{tabular}{l" + std::string(table.columns.size(), 'l') + "}\n\\toprule\n";
  out += latex_header(table) + "\\midrule\n";
  for (std::size_t m = 0; m < table.methods.size(); ++m) {
    out += latex_text(table.methods[m]);
    for (const TableValue& v : table.values[m]) out += fmt::format(" & {}", latex_value(v, table.decimals));
    out += " \\\\\n";
  }
  out += "\\bottomrule\n\\end{tabular}}\n";
  for (const std::string& note : table.notes) out += fmt::format("\\par{{\\footnotesize {}\\par}}\n", latex_text(note));
  return out + "\\end{table}\n";
}

}  // namespace

std::string render(const PaperTable& table, TableFormat format) {
  switch (format) {
    case TableFormat::markdown:
      return render_markdown(table);
    case TableFormat::csv:
      return render_csv(table);
    case TableFormat::latex:
      return render_latex(table);
    case TableFormat::workbook:
      return render_workbook(table);
  }
  throw std::invalid_argument("unknown table format");
}

}  // namespace mtlgrid

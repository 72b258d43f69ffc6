#include "results/tables/table_render.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "results/records/records.h"

namespace mtlgrid {
namespace {

using testing::HasSubstr;
using testing::Not;

PaperTable small_table() {
  PaperTable t;
  t.file_stem = "table1";
  t.caption = "AUROC in percent.";
  t.header = {{"MSI", "MSI"}, {"CRC", "EXT"}, {"AUROC", "AUROC"}};
  t.columns = {{"MSI", "CRC", "mean", "auroc"}, {"MSI", "EXT", "mean", "auroc"}};
  t.methods = {"baseline", "naive"};
  t.values = {{{83.14, 80.2, 86.04, 3, 5, 0, false}, {kMissing, kMissing, kMissing, 0, 5, 0, false}},
              {{90, 89, 91, 5, 5, 2, true}, {-0.04, -1, 0.5, 5, 5, 0, false}}};
  t.notes = {"Partial."};
  return t;
}

TEST(RenderMarkdown, MarksBestStarsAndMissingCells) {
  EXPECT_EQ(render(small_table(), TableFormat::markdown),
            "AUROC in percent.\n\n"
            "| Method   | MSI CRC AUROC           | MSI EXT AUROC   |\n"
            "| -------- | ----------------------- | --------------- |\n"
            "| baseline | 83.1 [80.2, 86.0] (3/5) | – (0/5)         |\n"
            "| naive    | **90.0**∗∗ [89.0, 91.0] | 0.0 [-1.0, 0.5] |\n\n"
            "- Partial.\n");
}

TEST(RenderCsv, HasOneRowAValueUnrounded) {
  EXPECT_EQ(render(small_table(), TableFormat::csv),
            "table,method,biomarker,cohort,auxiliary,metric,value,ci_low,ci_high,have,want,best,stars,fold,repeat\n"
            "1,baseline,MSI,CRC,mean,auroc,83.14,80.2,86.04,3,5,0,0,,\n"
            "1,baseline,MSI,EXT,mean,auroc,,,,0,5,0,0,,\n"
            "1,naive,MSI,CRC,mean,auroc,90,89,91,5,5,1,2,,\n"
            "1,naive,MSI,EXT,mean,auroc,-0.04,-1,0.5,5,5,0,0,,\n");
}

TEST(RenderLatex, GroupsTheHeading) {
  const std::string text = render(small_table(), TableFormat::latex);
  EXPECT_THAT(text, HasSubstr(" & \\multicolumn{2}{c}{MSI} \\\\\n\\cmidrule(lr){2-3}\n & CRC & EXT \\\\\n"));
  EXPECT_THAT(text, HasSubstr("Method & AUROC & AUROC \\\\\n\\midrule\n"));
  EXPECT_THAT(text, HasSubstr("naive & \\textbf{90.0}$^{\\ast\\ast}$ {\\scriptsize $[89.0, 91.0]$} & 0.0 "));
  EXPECT_THAT(
      text, HasSubstr("baseline & 83.1 {\\scriptsize $[80.2, 86.0]$} {\\scriptsize (3/5)} & -- {\\scriptsize (0/5)}"));
}

PaperTable hostile_table(const std::string& name) {
  PaperTable t = small_table();
  t.header[0] = {name, name};
  t.columns[0].biomarker = name;
  t.methods[0] = name;
  t.caption = t.notes[0] = name;
  return t;
}

TEST(RenderMarkdown, EscapesNames) {
  const std::string text = render(hostile_table("# a|b *c* _d_ <script> [x](y) `z`\nnew"), TableFormat::markdown);
  EXPECT_THAT(text, HasSubstr("\\# a\\|b \\*c\\* \\_d\\_ \\<script> \\[x\\](y) \\`z\\` new"));
  EXPECT_THAT(render(hostile_table("TCGA_CRC < 5"), TableFormat::markdown), HasSubstr("TCGA_CRC < 5"));
}

TEST(RenderMarkdown, KeepsTheNumberOfColumnsWhateverTheNames) {
  const std::string text = render(hostile_table("a|b\n\\|"), TableFormat::markdown);
  std::size_t begin = text.find("| Method"), bars = 0;
  for (std::size_t i = begin; text[i] != '\n'; ++i) bars += text[i] == '|' && text[i - 1] != '\\';
  EXPECT_EQ(bars, 4u);
}

TEST(RenderCsv, QuotesNames) {
  EXPECT_THAT(render(hostile_table("a,\"b\"\nc"), TableFormat::csv),
              HasSubstr("1,\"a,\"\"b\"\"\nc\",\"a,\"\"b\"\"\nc\",CRC,"));
}

TEST(RenderLatex, EscapesNames) {
  const std::string text = render(hostile_table("\\input{x} 5% & $y_1^2$ #~<>|\"\nnew"), TableFormat::latex);
  EXPECT_THAT(text, HasSubstr("\\textbackslash{}input\\{x\\} 5\\% \\& \\$y\\_1\\textasciicircum{}2\\$ "
                              "\\#\\textasciitilde{}\\textless{}\\textgreater{}\\textbar{}\\textquotedbl{} new"));
  EXPECT_THAT(text, Not(HasSubstr("\\input{x}")));
}

}  // namespace
}  // namespace mtlgrid

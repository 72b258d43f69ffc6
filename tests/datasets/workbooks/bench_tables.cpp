// Time and memory of reading tables as text and as workbooks: clinical tables of up to a million rows, slide tables of
// up to 100,000. Each is read by a process of its own, on one core. The ratio is of the processor time that a row needs
// to that of the smallest table: 1.0 is linear.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zip.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <stdexcept>

#include "datasets/tables/read_table.h"

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;

// Cells of a row; numbers have no letter.
using Row = std::vector<std::string>;
using Rows = std::function<Row(std::size_t)>;  // the header is row 0

Row clinical(std::size_t row) {
  if (row == 0) return {"PATIENT", "isMSIH", "ITH", "LF", "AGE", "STAGE", "TMB", "SITE"};
  const auto share = [row](std::size_t factor) {
    return fmt::format("{:.6f}", static_cast<double>(row * factor % 1'000'003) / 1'000'003);
  };
  return {fmt::format("TCGA-{:07}", row),
          row % 7 == 0 ? "MSIH" : "nonMSIH",
          share(7919),
          share(104'729),
          fmt::format("{}", 30 + row % 60),
          fmt::format("Stage {}", row % 4),
          share(15'485'863),
          fmt::format("S{}", row % 60)};
}

Row slides(std::size_t row) {
  if (row == 0) return {"PATIENT", "FILENAME"};
  return {fmt::format("TCGA-{:07}", row / 2), fmt::format("TCGA-{:07}-01Z-00-DX{}.h5", row / 2, row % 2 + 1)};
}

bool is_number(const std::string& cell) { return cell.find_first_not_of("0123456789.") == std::string::npos; }

void write_csv(const fs::path& file, const Rows& rows, std::size_t count) {
  std::ofstream out(file);
  for (std::size_t i = 0; i <= count; ++i) out << fmt::format("{}\n", fmt::join(rows(i), ","));
}

// Texts in the cells themselves, or shared as Excel does: each is one of its own here, which is the worst case.
void write_xlsx(const fs::path& file, const Rows& rows, std::size_t count, bool shared) {
  const fs::path sheet = file.string() + ".sheet", texts = file.string() + ".texts";
  {
    std::ofstream out(sheet), strings(texts);
    std::size_t number = 0;
    out << "<worksheet><sheetData>";
    strings << "<sst>";
    for (std::size_t i = 0; i <= count; ++i) {
      out << fmt::format("<row r=\"{}\">", i + 1);
      char column = 'A';
      for (const std::string& cell : rows(i)) {
        const std::string name = fmt::format("{}{}", column++, i + 1);
        if (is_number(cell)) {
          out << fmt::format("<c r=\"{}\"><v>{}</v></c>", name, cell);
        } else if (shared) {
          out << fmt::format("<c r=\"{}\" t=\"s\"><v>{}</v></c>", name, number++);
          strings << "<si><t>" << cell << "</t></si>";
        } else {
          out << fmt::format("<c r=\"{}\" t=\"inlineStr\"><is><t>{}</t></is></c>", name, cell);
        }
      }
      out << "</row>";
    }
    out << "</sheetData></worksheet>";
    strings << "</sst>";
  }
  const std::string workbook = "<workbook><sheets><sheet name=\"S\" id=\"1\"/></sheets></workbook>";
  const std::string relations =
      "<Relationships><Relationship Type=\"/worksheet\" Id=\"1\" Target=\"worksheets/s.xml\"/></Relationships>";
  zip_t* archive = zip_open(file.c_str(), ZIP_CREATE | ZIP_TRUNCATE, nullptr);
  const auto add = [&](const char* name, zip_source_t* source) {
    if (zip_file_add(archive, name, source, 0) < 0) throw std::runtime_error("no archive");
  };
  add("xl/workbook.xml", zip_source_buffer(archive, workbook.data(), workbook.size(), 0));
  add("xl/_rels/workbook.xml.rels", zip_source_buffer(archive, relations.data(), relations.size(), 0));
  add("xl/worksheets/s.xml", zip_source_file(archive, sheet.c_str(), 0, -1));
  add("xl/sharedStrings.xml", zip_source_file(archive, texts.c_str(), 0, -1));
  if (zip_close(archive) != 0) throw std::runtime_error("no archive");
  fs::remove(sheet);
  fs::remove(texts);
}

struct Cost {
  double seconds, processor_seconds, megabytes;
};

Cost cost_of_reading(const fs::path& file, std::size_t rows) {
  int ends[2];
  if (pipe(ends) != 0) throw std::runtime_error("no pipe");
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    const auto begun = std::chrono::steady_clock::now();
    const Table table = read_table(file);
    Cost cost{std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count(), 0, 0};
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
      return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
    };
    cost.processor_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    cost.megabytes = static_cast<double>(usage.ru_maxrss) / 1000;
    const bool written = write(ends[1], &cost, sizeof cost) == sizeof cost;
    _exit(written && table.rows.size() == rows ? 0 : 1);
  }
  Cost cost{};
  int status = 0;
  if (read(ends[0], &cost, sizeof cost) != sizeof cost || waitpid(child, &status, 0) != child || status != 0) {
    throw std::runtime_error("not read");
  }
  close(ends[0]);
  close(ends[1]);
  return cost;
}

void measure(const fs::path& folder, const char* what, const char* format, const Rows& rows, std::size_t most) {
  double first = 0;
  for (const std::size_t count : {most / 16, most / 4, most}) {
    const bool csv = std::string(format) == "csv";
    const fs::path file = folder / (csv ? "t.csv" : "t.xlsx");
    if (csv) {
      write_csv(file, rows, count);
    } else {
      write_xlsx(file, rows, count, std::string(format) == "xlsx, shared texts");
    }
    const Cost cost = cost_of_reading(file, count);
    const double a_row = cost.processor_seconds / static_cast<double>(count);
    if (first == 0) first = a_row;
    fmt::print(
        "{:9} {:20} {:8} rows {:6.1f} MB: {:6.2f} s, {:6.2f} s of a processor, {:5.0f} MB memory, a row {:4.2f}\n",
        what, format, count, static_cast<double>(fs::file_size(file)) / 1e6, cost.seconds, cost.processor_seconds,
        cost.megabytes, a_row / first);
    std::fflush(stdout);
  }
}

int run() {
  std::string name = (fs::temp_directory_path() / "mtlgrid-bench-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  for (const char* format : {"csv", "xlsx, shared texts", "xlsx, texts in cells"}) {
    measure(name, "clinical", format, clinical, 1'000'000);
    measure(name, "slides", format, slides, 100'000);
  }
  fs::remove_all(name);
  return 0;
}

}  // namespace
}  // namespace mtlgrid

int main() { return mtlgrid::run(); }

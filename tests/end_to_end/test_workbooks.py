"""Tables in Excel workbooks are what the same tables are as csv, to the last bit of a plan, and `tables` writes them."""
import csv
import re
import tempfile
import unittest
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

from grid import Grid

RELATED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def cell(text):
    """As Excel keeps what is typed: numbers are numbers."""
    if re.fullmatch(r"-?(0|[1-9]\d*)(\.\d+)?", text):
        return f"<c><v>{text}</v></c>"
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>' if text else "<c/>"


def write_workbook(path, sheets):
    """sheets: names and rows."""
    listed = "".join(f'<sheet name="{name}" sheetId="{i}" r:id="r{i}"/>' for i, name in enumerate(sheets, 1))
    related = "".join(f'<Relationship Id="r{i}" Type="{RELATED}/worksheet" Target="worksheets/sheet{i}.xml"/>'
                      for i, _ in enumerate(sheets, 1))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", f'<workbook {MAIN} xmlns:r="{RELATED}"><sheets>{listed}</sheets></workbook>')
        archive.writestr("xl/_rels/workbook.xml.rels", f"<Relationships>{related}</Relationships>")
        for i, rows in enumerate(sheets.values(), 1):
            data = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
            archive.writestr(f"xl/worksheets/sheet{i}.xml", f"<worksheet {MAIN}><sheetData>{data}</sheetData></worksheet>")


class Workbooks(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.grid = Grid(folder.name, epochs=1, methods="baseline, naive")
        self.text = self.grid.config.read_text()

    def as_workbooks(self):
        """Every csv table of the configuration becomes the second sheet of a workbook; returns the new configuration."""
        def workbook(match):
            table = self.grid.config.parent / match[2]
            with open(table, newline="", encoding="utf-8-sig") as file:
                text = file.read()
            rows = list(csv.reader(text.splitlines(), delimiter=";" if ";" in text.split("\n")[0] else ","))
            write_workbook(table.with_suffix(".xlsx"), {"About": [["what"], ["tables"]], "Sheet 1": rows})
            return f"{match[1]} = {match[2].removesuffix('.csv')}.xlsx#Sheet 1   ; a sheet"
        config = self.grid.config.with_name("workbooks.ini")
        config.write_text(re.sub(r"(?m)^(clini|slides) = (\S+\.csv).*$", workbook, self.text))
        return config

    def test_a_plan_of_workbooks_is_that_of_the_same_csv(self):
        config = self.as_workbooks()
        self.assertIn("xlsx#Sheet 1", config.read_text())
        of_text = self.grid.call("plan", self.grid.config).stdout
        of_books = self.grid.call("plan", config).stdout
        self.assertIn("read from sheet 'Sheet 1'; also there: 'About'", of_books)

        def counted(said):  # patients, positives, slides and tiles of every pair and cohort
            return [line for line in said.splitlines() if re.search(r"\d+ (patients|positives?|slides|tiles)", line)]
        self.assertTrue(counted(of_text))
        self.assertEqual(counted(of_text), counted(of_books))

    def test_a_sheet_that_is_not_there_lists_those_that_are(self):
        config = self.as_workbooks()
        config.write_text(config.read_text().replace("#Sheet 1", "#Sheet1", 1))
        done = self.grid.call("plan", config, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"no sheet 'Sheet1', found 'About', 'Sheet 1'; did you mean 'Sheet 1'\?")

    def test_what_is_no_workbook_is_named_with_the_line_that_converts_it(self):
        config = self.as_workbooks()
        table = next(self.grid.config.parent.glob("**/clini.xlsx"))
        table.write_bytes(b"PAR1\0\0\0\0")
        done = self.grid.call("plan", config, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("is a Parquet file", done.stderr)
        self.assertIn("pandas.read_parquet", done.stderr)

    def test_a_grid_of_workbooks_runs_and_its_tables_are_workbooks(self):
        config = self.as_workbooks()
        self.grid.call("run", config, "--only", "fold=0")
        out = Path(self.grid.folder) / "tables"
        self.grid.call("tables", self.grid.store, "--out", out, "--format", "xlsx,csv", "--resamples", "0")
        names = {file.name for file in out.iterdir()}
        self.assertIn("table1.xlsx", names)
        with zipfile.ZipFile(out / "table1.xlsx") as archive:
            self.assertIn(b'<sheet name="values"', archive.read("xl/workbook.xml"))
        cohort = next(self.grid.config.parent.glob("*/slide.xlsx")).parent
        cells = self.grid.call("status", self.grid.store).stdout
        self.assertIn("done", cells)
        pair = re.search(r"(?m)^\[biomarker\.(\w+)\]", self.text)[1]
        predicted = [self.grid.call("predict", self.grid.store, f"{pair}/ITH/naive/0", "--slides", slides, "--features",
                                    cohort / "feats", "--out", out / name, check=False)
                     for slides, name in ((f"{cohort}/slide.xlsx#Sheet 1", "a.csv"), (cohort / "slide.csv", "b.csv"))]
        self.assertEqual([done.returncode for done in predicted], [0, 0], predicted)
        self.assertEqual((out / "a.csv").read_bytes(), (out / "b.csv").read_bytes())


if __name__ == "__main__":
    unittest.main()

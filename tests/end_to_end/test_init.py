"""Folders as people have them: init, plan, run and tables, with nothing edited."""
import csv
import json
import shutil
import sqlite3
import subprocess
import tempfile
import unittest
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

from grid import MTLGRID

ONE_EACH = "auxiliary=ITH,method=naive,fold=0"  # a cell of each biomarker: the proposed network is the paper's


def write_xlsx(file, rows):
    """The smallest workbook that spreadsheets open: one sheet, texts inline, numbers as numbers."""
    def cell(value):
        try:
            return f"<c><v>{float(value):g}</v></c>"
        except ValueError:
            return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    sheet = "".join("<row>" + "".join(map(cell, row)) + "</row>" for row in rows)
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
                               '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
                               '<Default Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
                       f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
                           '<sheet name="Patients" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
                                      f'Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{sheet}</sheetData></worksheet>',
    }
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, '<?xml version="1.0" encoding="UTF-8"?>\n' + text)


class Init(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="mtlgrid-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.call("synth", "study", "--patients", "40", "--seed", "7")
        (self.folder / "study/grid.ini").unlink()

    def call(self, *arguments, status=0):
        done = subprocess.run([MTLGRID, *map(str, arguments)], capture_output=True, text=True, timeout=240, cwd=self.folder)
        self.assertEqual(done.returncode, status, f"{arguments}\n{done.stdout}{done.stderr}")
        return done

    def rows_of(self, table):
        with open(self.folder / "study/TCGA-CRC" / table, newline="") as file:
            return list(csv.reader(file))

    def four_commands(self, folder):
        """Returns what init said, and the cells that are done."""
        said = self.call("init", folder).stdout
        self.call("plan", "grid.ini")
        self.call("run", "grid.ini", "--only", ONE_EACH)
        self.call("tables", "results/grid.db", "--out", "tables", "--resamples", "50")
        self.assertTrue((self.folder / "tables/table1.md").exists())
        with sqlite3.connect(f"file:{self.folder}/results/grid.db?mode=ro", uri=True) as db:
            return said, db.execute("SELECT count(*) FROM cells WHERE state = 'done'").fetchone()[0]

    def features(self):
        return sorted((self.folder / "study/TCGA-CRC/feats").rglob("*.h5"))

    def test_stamp_cohorts_of_two_biomarkers(self):
        said, done = self.four_commands("study")
        self.assertIn("train TCGA-CRC, external CPTAC-CRC", said)
        self.assertIn("train TCGA-LUAD, external CPTAC-LUAD", said)
        self.assertEqual(done, 2)

    def test_a_clam_folder_with_one_table(self):
        target = self.folder / "clam"
        (target / "FEATURES/h5_files").mkdir(parents=True)
        clini = {row[0]: row for row in self.rows_of("clini.csv")}
        rows = [["case_id", "slide_id"] + clini["PATIENT"][1:]]
        names = {file.name for file in self.features()}
        for patient, name in self.rows_of("slide.csv")[1:]:
            if patient not in clini or f"{name.removesuffix('.h5')}.h5" not in names:
                continue
            rows.append([patient, name.removesuffix(".h5")] + clini[patient][1:])
        with open(target / "dataset.csv", "w", newline="") as file:
            csv.writer(file).writerows(rows)
        for file in self.features():
            shutil.copy(file, target / "FEATURES/h5_files" / file.name)
        said, done = self.four_commands("clam")
        self.assertEqual(done, 1)

    def test_a_trident_folder_with_a_workbook(self):
        target = self.folder / "trident"
        features = target / "20x_256px_0px_overlap/features_ctranspath"
        features.mkdir(parents=True)
        for file in self.features():
            shutil.copy(file, features / file.name)
        write_xlsx(target / "clinical.xlsx", self.rows_of("clini.csv"))
        said, done = self.four_commands("trident")
        self.assertIn("grid-slides-trident.csv written", said)
        self.assertEqual(done, 1)

    def test_nothing_that_is_there_is_replaced(self):
        (self.folder / "grid.ini").write_text("mine")
        done = self.call("init", "study", status=2)
        self.assertIn("grid.ini exists and is not replaced", done.stderr)
        self.assertEqual((self.folder / "grid.ini").read_text(), "mine")
        self.call("init", "study", "--out", "other.ini")
        other = (self.folder / "other.ini").read_text()
        self.assertEqual(self.call("init", "study", "--out", "/dev/stdout").stdout,
                         other.replace("results/other.db", "results/grid.db").replace("plan other.ini", "plan grid.ini"))

    def test_predictions_for_stamp_and_for_pandas(self):
        self.four_commands("study")
        self.call("export", "results/grid.db", "--predictions", "stamp", "--out", "stamp", "--only", "biomarker=MSI")
        with open(self.folder / "stamp/MSI/ITH/naive/CPTAC-CRC/split-0/patient-preds.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(list(rows[0]), ["PATIENT", "isMSIH", "pred", "isMSIH_MSIH", "isMSIH_nonMSIH", "loss"])
        for row in rows:
            self.assertAlmostEqual(float(row["isMSIH_MSIH"]) + float(row["isMSIH_nonMSIH"]), 1, places=12)
            self.assertEqual(row["pred"], "MSIH" if float(row["isMSIH_MSIH"]) >= 0.5 else "nonMSIH")
        self.assertEqual([row["loss"] for row in rows], [row["loss"] for row in sorted(rows, key=lambda r: float(r["loss"]))])
        self.assertIn("expected a new or an empty folder",
                      self.call("export", "results/grid.db", "--predictions", "stamp", "--out", "stamp", status=2).stderr)
        self.call("export", "results/grid.db", "--predictions", "csv", "--out", "all.csv")
        with open(self.folder / "all.csv", newline="") as file:
            methods = {row["method"] for row in csv.DictReader(file)}
        self.assertEqual(methods, {"naive"})
        self.call("export", "results/grid.db", "--metadata", "datasette", "--out", "metadata.json")
        metadata = json.loads((self.folder / "metadata.json").read_text())
        self.assertIn("table1", metadata["databases"]["grid"]["tables"])


if __name__ == "__main__":
    unittest.main()

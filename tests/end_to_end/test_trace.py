"""Tables of a real, small grid against its raw predictions: tests/oracle/trace_tables.py, and that it can fail."""
import re
import shutil
import sqlite3
import subprocess
import sys
import unittest
from pathlib import Path

from grid import GridTest

TRACE = Path(__file__).resolve().parents[1] / "oracle/trace_tables.py"
RESAMPLES = "100"


class Trace(GridTest):
    def trace(self, store, tables):
        return subprocess.run([sys.executable, "-B", TRACE, store, tables, "--resamples", RESAMPLES],
                              capture_output=True, text=True, timeout=200)

    def changed(self, grid, sql):
        """A copy of the store in which one row was changed."""
        copy = self.folder / "changed.db"
        shutil.copy(grid.store, copy)
        with sqlite3.connect(copy) as database:
            self.assertEqual(database.execute(sql).rowcount, 1)
        return copy

    def test_every_number_is_that_of_the_raw_predictions(self):
        grid = self.grid(methods="baseline, naive, cagrad", auxiliaries="ITH, Prolif", epochs=2)
        self.assertEqual(grid.run(trainers=2), 0)
        tables = self.folder / "tables"
        grid.call("tables", grid.store, "--out", tables, "--resamples", RESAMPLES)
        done = self.trace(grid.store, tables)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        agreed = re.findall(r"(?m)^(\d+) values of (\S+) agree to", done.stdout)
        # 2 biomarkers x 2 cohorts x 2 metrics; 2 x 1 x 3 columns; 2 cohorts x 3 folds; 10 statistics. 3 methods, 6 numbers a
        # value.
        self.assertEqual({name: int(n) for n, name in agreed},
                         {"table1": 8 * 18, "table2": 6 * 18} | {f"delong_{b}_{a}": 6 * 18
                                                                 for b in ("MSI", "HRD") for a in ("ITH", "Prolif")}
                         | {f"comparison_{b}_{c}-{b_cancer}_{m}": 10 * 18 for b, b_cancer in (("MSI", "CRC"), ("HRD", "LUAD"))
                            for c in ("TCGA", "CPTAC") for m in ("auroc", "auprc")})

        # With a second repeat of every fold the intervals are over repeats too.
        grid.config.write_text(grid.config.read_text().replace("[grid]\n", "[grid]\nrepeats = 2\n"))
        self.assertEqual(grid.run(trainers=2), 0)
        grid.call("tables", grid.store, "--out", tables, "--resamples", RESAMPLES)
        self.assertIn("patients and repeats resampled", (tables / "table1.md").read_text())
        done = self.trace(grid.store, tables)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(len(re.findall(r"(?m)^\d+ values of \S+ agree to", done.stdout)), 6 + 8)

        row = ("WHERE (cell_id, cohort, patient) = (SELECT cell_id, cohort, patient FROM {} JOIN cells USING (cell_id) "
               "WHERE biomarker = 'HRD' AND method = 'naive' AND fold = 1 AND repeat = 0 AND cohort = '{}' LIMIT 1)")
        for name, sql in (("table1", "UPDATE predictions SET score = 1 - score " + row.format("predictions", "test")),
                          ("table2", "UPDATE embeddings SET vector = zeroblob(length(vector)) " +
                           row.format("embeddings", "CPTAC-LUAD"))):
            with self.subTest(changed=name):
                done = self.trace(self.changed(grid, sql), tables)
                self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
                self.assertIn(f"DISAGREE: {tables}/{name}.csv", done.stdout)


if __name__ == "__main__":
    unittest.main()

"""The whole grid of the paper, all 595 cells, on synthetic cohorts: the demo, run as a user would; and README, whose
commands are run as they stand beside that demo."""
import csv
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import readme_blocks
from grid import BUILD
from readme_blocks import ROOT, Clone, blocks, console, shape, shown_in_order, words

METHODS = 17


class WholeGrid(unittest.TestCase):
    """The tests share one demo; in the order of their names, README's commands after the demo's own test."""

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="mtlgrid-")).resolve()
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.clone = Clone(cls.folder)
        cls.demo = subprocess.run([ROOT / "examples/demo.sh", cls.folder / "demo"], capture_output=True, text=True, timeout=800,
                                  env=dict(os.environ, MTLGRID=str(BUILD / "mtlgrid")))
        cls.clone.cohorts()

    def tables(self, name):
        return self.folder / "demo/tables" / name

    def run_block(self, text):
        done = self.clone.run(text)
        self.assertEqual(done.returncode, 0, f"{text}\n{done.stdout}{done.stderr}")
        return done

    def test_0_demo_runs_all_595_cells_and_prints_both_tables(self):
        self.assertEqual(self.demo.returncode, 0, self.demo.stderr)
        self.assertIn("595/595 cells", self.demo.stderr)
        self.assertIn("ETA", self.demo.stderr)
        for name in ("table1", "table2"):
            self.assertIn(self.tables(f"{name}.md").read_text(), self.demo.stdout)
            with open(self.tables(f"{name}.csv"), newline="") as file:
                rows = list(csv.DictReader(file))
            self.assertEqual(len({row["method"] for row in rows}), METHODS)
            for row in rows:
                self.assertEqual(row["have"], row["want"], row)

    def test_1_demo_shows_an_auxiliary_that_is_learned_and_one_that_cannot_be(self):
        done = self.run_block("build/mtlgrid query demo/results/grid.db --format csv \"SELECT auxiliary, avg(value) FROM counted_metrics"
                              " WHERE biomarker = 'MSI' AND metric = 'pearson_r' AND cohort = 'CPTAC-CRC' AND method <> 'baseline'"
                              " GROUP BY auxiliary\"")
        learned = {row[0]: float(row[1]) for row in list(csv.reader(done.stdout.splitlines()))[1:]}
        self.assertGreater(learned["LF"], learned["Null"] + 0.3, learned)
        self.assertLess(abs(learned["Null"]), 0.25, learned)

        values = self.run_block("build/mtlgrid query demo/results/grid.db --format csv \"SELECT avg(value) FROM counted_metrics"
                                " WHERE biomarker = 'MSI' AND metric = 'auroc' AND cohort = 'CPTAC-CRC' GROUP BY method\"").stdout
        rows = [float(value) for value in values.split()[1:]]
        self.assertEqual(len(rows), METHODS)
        self.assertGreater(max(rows) - min(rows), 0.01, "methods can be told apart")

    def test_2_readme_shows_what_the_demo_prints(self):
        """Plans depend on data alone and are compared in full; results, which differ between types of CPU, without numbers."""
        for block in blocks(""):
            for command, shown in console(block):
                if command.startswith("mpirun") and not readme_blocks.mpirun_is_here():
                    continue
                done = self.run_block(command)
                said = self.demo.stderr if " run " in command else done.stdout + done.stderr  # README shows the first run
                output = said.replace(f"{self.folder}/", "").splitlines()
                same = words if " plan " in command else shape
                self.assertIsNone(shown_in_order(shown, output, same), f"{command}\n" + "\n".join(output))

    def test_3_readme_shows_rows_of_table_1(self):
        def cells(row):
            return [cell.strip() for cell in row.strip("|\n ").split("|")]
        lines = (ROOT / "README.md").read_text().splitlines()
        first = next(i for i, line in enumerate(lines) if line.startswith("| Method "))
        header = cells(lines[first])
        table = [cells(row) for row in self.tables("table1.md").read_text().splitlines() if row.startswith("|")]
        for column in header:
            self.assertIn(column, table[0])
        rows = {row[0]: row for row in table}
        for line in lines[first + 2:]:
            if not line.startswith("|"):
                break
            method, *values = cells(line)
            for column, value in zip(header[1:], values):
                self.assertEqual(shape(value), shape(rows[method][table[0].index(column)]).strip(), line)

    def test_4_readme_s_configuration_is_a_good_one(self):
        self.assertIn("4 pairs x 17 methods x 5 folds", self.run_block("build/mtlgrid plan readme.ini").stdout)

    def test_5_readme_s_commands_run_as_they_stand(self):
        self.clone.fake_jobs([{"status": 0, "done": 1}] * 3)
        for block in blocks("sh"):
            if "mpirun" in block and not readme_blocks.mpirun_is_here():
                block = re.sub(r"(?m)^mpirun .*? -n \d+ ", "", block)
            self.run_block(block)
        self.assertTrue((self.folder / "new.csv").read_text().startswith("patient,"))
        self.assertTrue((self.folder / "tables/table1.md").exists())
        targets = re.findall(r"(?m)^(\w+):", (ROOT / "Makefile").read_text())
        made = [call.split()[1] for call in self.clone.stubs() if call.startswith("make ")]
        self.assertEqual(made, ["demo", "test"])
        self.assertLessEqual(set(made), set(targets))
        ended = [call["status"] for call in self.clone.calls("ended")]
        self.assertEqual(ended, [0] * len(self.clone.calls("sbatch")), (self.clone.state / "log").read_text())
        scripts = [Path(call["script"]).name for call in self.clone.calls("sbatch")]
        self.assertEqual(scripts, ["full_benchmark.sh", "full_benchmark.sh", "one_cell.sh", "full_benchmark.sh"])


if __name__ == "__main__":
    unittest.main()

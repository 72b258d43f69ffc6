"""The whole grid of the paper, all 595 cells, on synthetic cohorts: the demo, run as a user would."""
import csv
import os
import subprocess
import unittest
from pathlib import Path

from grid import BUILD, GridTest

METHODS = 17
DEMO = Path(__file__).resolve().parents[2] / "examples/demo.sh"


class WholeGrid(GridTest):
    def test_demo_runs_all_595_cells_and_prints_both_tables(self):
        folder = self.folder / "demo"
        environment = dict(os.environ, MTLGRID=str(BUILD / "mtlgrid"))
        done = subprocess.run([DEMO, folder], capture_output=True, text=True, timeout=800, env=environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("595/595 cells", done.stderr)
        self.assertIn("ETA", done.stderr)
        for name in ("table1", "table2"):
            self.assertIn((folder / f"tables/{name}.md").read_text(), done.stdout)
            with open(folder / f"tables/{name}.csv", newline="") as file:
                rows = list(csv.DictReader(file))
            self.assertEqual(len({row["method"] for row in rows}), METHODS)
            for row in rows:
                self.assertEqual(row["have"], row["want"], row)


if __name__ == "__main__":
    unittest.main()

"""From slides to tables, with OpenSlide itself: synth --slides, extract, run, tables, and predict on slides."""
import csv
import io
import subprocess
import tempfile
import unittest
from pathlib import Path

from grid import MTLGRID

CELL = "MSI/LF/naive/0"


class SlidesToTables(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory(prefix="mtlgrid-")
        cls.folder = Path(cls.scratch.name)
        cls.call("synth", "study", "--slides", "--patients", "24", "--seed", "3")

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    @classmethod
    def call(cls, *arguments, status=0):
        done = subprocess.run([MTLGRID, *map(str, arguments)], capture_output=True, text=True, timeout=240, cwd=cls.folder)
        assert done.returncode == status, f"{arguments} gave {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def test_the_whole_way(self):
        config, store = "study/grid.ini", "study/results/grid.db"
        refused = self.call("run", config, status=2).stderr
        self.assertIn("mtlgrid extract", refused)
        self.call("extract", config)
        counts = list(csv.DictReader(io.StringIO(self.call("query", store, "--view", "slide_counts", "--format", "csv").stdout)))
        self.assertEqual({row["cohort"] for row in counts}, {"TCGA-CRC", "CPTAC-CRC"})
        for row in counts:
            self.assertEqual(row["slides"], row["done"])
            self.assertEqual(int(row["tiles"]), sum(int(row[n]) for n in ("kept", "too_bright", "too_plain")))
        self.assertIn("mean-colour", self.call("plan", config).stdout)
        self.call("run", config, "--only", "method=naive,fold=0")
        self.call("tables", store, "--out", "tables", "--resamples", "20")
        self.assertTrue((self.folder / "tables/table1.md").exists() and (self.folder / "tables/table2.md").exists())
        self.assertIn("2 of 50 cells done", self.call("status", store).stdout)
        self.predict_on_slides(store)

    def predict_on_slides(self, store):
        """Slides of the external cohort, taken for new ones, give the stored predictions."""
        done = self.call("predict", store, CELL, "--slides", "study/CPTAC-CRC/slide.csv", "--features", "new",
                         "--slides-folder", "study/CPTAC-CRC/wsi")
        scores = {row["patient"]: row["score"] for row in csv.DictReader(io.StringIO(done.stdout))}
        stored = list(csv.DictReader(io.StringIO(self.call(
            "query", store, "SELECT patient, score FROM counted_predictions WHERE cohort = 'CPTAC-CRC' AND auxiliary = 'LF' "
            "AND grid_id = 2", "--format", "csv").stdout)))
        self.assertGreater(len(stored), 5)
        for row in stored:
            self.assertEqual(float(scores[row["patient"]]), float(row["score"]), row["patient"])
        again = self.call("predict", store, CELL, "--slides", "study/CPTAC-CRC/slide.csv", "--features", "new",
                          "--slides-folder", "study/CPTAC-CRC/wsi")
        self.assertNotIn("tiles kept", again.stderr)


if __name__ == "__main__":
    unittest.main()

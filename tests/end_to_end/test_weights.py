"""Weights between the program and PyTorch, both ways, on the bags of a real grid; predictions equal to 1e-5.

Needs a Python with torch and h5py: $MTLGRID_TORCH_PYTHON, else .deps/oracle/bin/python (`make oracle`), else python3.
"""
import csv
import io
import json
import os
import re
import subprocess
import unittest
from pathlib import Path

from grid import GridTest

SOURCE = Path(__file__).resolve().parents[2]
TOLERANCE = 1e-5
CELL, BASELINE = "MSI/ITH/naive/0", "MSI/ITH/baseline/0"


def torch_python():
    named = os.environ.get("MTLGRID_TORCH_PYTHON")
    for python in [named] if named else [SOURCE / ".deps/oracle/bin/python", "python3"]:
        try:
            if subprocess.run([python, "-c", "import torch, h5py"], capture_output=True).returncode == 0:
                return str(python)
        except OSError:
            pass
    raise unittest.SkipTest("no Python with torch and h5py (make oracle, or set MTLGRID_TORCH_PYTHON)")


class Weights(GridTest):
    @classmethod
    def setUpClass(cls):
        cls.python = torch_python()

    def setUp(self):
        super().setUp()
        self.small = self.grid(epochs=2, methods="baseline, naive")
        self.assertEqual(self.small.run(arguments=["--only", "biomarker=MSI,fold=0"]), 0)
        self.root = self.small.config.parent

    def ask(self, joint=True, **request):
        settings = json.loads(self.small.rows("SELECT settings FROM grids WHERE grid_id = 1")[0][0])
        patients = {}
        with open(self.root / "CPTAC-CRC/slide.csv", newline="") as file:
            for row in csv.DictReader(file):
                found = sorted((self.root / "CPTAC-CRC/feats").rglob(Path(row["FILENAME"]).stem + ".h5"))
                files = patients.setdefault(row["PATIENT"], [])
                files += [str(f) for f in found if str(f) not in files]
        patients = {name: files for name, files in patients.items() if files}
        whole = dict(request, model=settings["model"], joint=joint, patients=patients,
                     label=settings["biomarkers"]["MSI"]["label"],
                     auxiliary=settings["biomarkers"]["MSI"]["auxiliaries"]["ITH"])
        done = subprocess.run([self.python, "-B", Path(__file__).with_name("pytorch_side.py")], input=json.dumps(whole),
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def scaling(self):
        """Minimum and range of the auxiliary target on the fold's inner training rows."""
        with open(self.root / "TCGA-CRC/clini.csv", newline="") as file:
            values = {row["PATIENT"]: row["ITH"] for row in csv.DictReader(file)}
        rows = self.small.rows("SELECT patient FROM splits WHERE grid_id = 1 AND biomarker = 'MSI' AND auxiliary = 'ITH' "
                               "AND fold = 0 AND role = 'train'")
        numbers = [float(values[name]) for name, in rows]
        return min(numbers), max(numbers) - min(numbers)

    def assert_equal_predictions(self, ours, theirs, joint=True):
        """`ours` rows of predict's table, `theirs` the other side's."""
        minimum, span = self.scaling()
        self.assertEqual(ours.keys(), theirs.keys())
        for patient, (score, log_odds, regression) in theirs.items():
            self.assertAlmostEqual(float(ours[patient]["score"]), score, delta=TOLERANCE)
            self.assertAlmostEqual(float(ours[patient]["log_odds"]), log_odds, delta=TOLERANCE * (1 + abs(log_odds)))
            if joint:
                self.assertAlmostEqual(float(ours[patient]["prediction"]), minimum + span * regression,
                                       delta=TOLERANCE * (1 + abs(regression)) * span)
            else:
                self.assertEqual(ours[patient]["prediction"], "")

    def predict(self, cell, *options):
        done = self.small.call("predict", self.small.store, cell, "--grid", "1", "--slides",
                               self.root / "CPTAC-CRC/slide.csv", "--features", self.root / "CPTAC-CRC/feats", *options)
        return {row["patient"]: row for row in csv.DictReader(io.StringIO(done.stdout))}

    def test_exported_weights_load_strictly_and_predict_what_is_stored(self):
        for cell, joint in ((CELL, True), (BASELINE, False)):
            file = self.folder / "exported.pt"
            self.small.call("export", self.small.store, cell, "--grid", "1", "--out", file)
            theirs = self.ask(joint, load=str(file))["predictions"]
            self.assert_equal_predictions(self.predict(cell), theirs, joint)
            stored = self.small.rows(
                "SELECT patient, score FROM predictions JOIN cells USING (cell_id) WHERE attempt = result_attempt AND "
                f"cohort = 'CPTAC-CRC' AND biomarker || '/' || auxiliary || '/' || method || '/' || fold = '{cell}'")
            self.assertGreater(len(stored), 5)
            for patient, score in stored:
                self.assertAlmostEqual(score, theirs[patient][0], delta=TOLERANCE)

    def test_weights_saved_by_pytorch_predict_the_same_here(self):
        file = self.folder / "pytorch.pt"
        for cell, joint in ((CELL, True), (BASELINE, False)):
            theirs = self.ask(joint, save=str(file))["predictions"]
            scores = [score for score, _, _ in theirs.values()]
            self.assertGreater(max(scores) - min(scores), 100 * TOLERANCE, "predictions that say nothing")
            self.assert_equal_predictions(self.predict(cell, "--weights", file), theirs, joint)

    def test_training_begins_with_weights_saved_by_pytorch(self):
        file, out = self.folder / "pytorch.pt", self.folder / "out.pt"
        self.ask(save=str(file))
        text, found = re.subn(r"(?m)^lr = .*$", "lr = 1e-30", self.small.config.read_text())  # no step changes a bit
        self.assertEqual(found, 1)
        self.small.config.write_text(text)
        for cell in (CELL, BASELINE):
            self.small.call("cell", self.small.config, cell, "--init", file)
            self.small.call("export", self.small.store, cell, "--grid", "2", "--out", out)
            self.assertTrue(self.ask(load=str(out), compare=str(file))["equal"], cell)


if __name__ == "__main__":
    unittest.main()

"""`mtlgrid predict`: trained cells on cohorts, their own external one among them, and initial weights out of a file."""
import csv
import io
import shutil
import sqlite3
import unittest
from pathlib import Path

from grid import GridTest

CELL = "MSI/ITH/naive/0"


def listing(folder):
    return {file.relative_to(folder): file.read_bytes() for file in sorted(Path(folder).rglob("*")) if file.is_file()}


class Predict(GridTest):

    def setUp(self):
        super().setUp()
        self.small = self.grid(epochs=2, methods="baseline, naive")
        self.call = self.small.call
        self.assertEqual(self.small.run(arguments=["--only", "biomarker=MSI,fold=0"]), 0)
        self.cohort = self.small.config.parent / "CPTAC-CRC"

    def tables(self, cohort=None, clini=True):
        cohort = cohort or self.cohort
        options = ["--slides", cohort / "slide.csv", "--features", cohort / "feats"]
        return options + (["--clini", cohort / "clini.csv"] if clini else [])

    def predict(self, *options, cell=CELL):
        done = self.call("predict", self.small.store, cell, *options)
        return {row["patient"]: row for row in csv.DictReader(io.StringIO(done.stdout))}, done.stderr

    def stored(self, cell):
        biomarker, auxiliary, method, fold = cell.split("/")
        return self.small.rows(
            "SELECT patient, label, score, target, prediction FROM predictions JOIN cells USING (cell_id) "
            f"WHERE attempt = result_attempt AND cohort = 'CPTAC-CRC' AND biomarker = '{biomarker}' "
            f"AND auxiliary = '{auxiliary}' AND method = '{method}' AND fold = {fold}")

    def stored_metrics(self, cell):
        return dict(self.small.rows(
            "SELECT metric, value FROM metrics JOIN cells USING (cell_id) WHERE attempt = result_attempt "
            f"AND cohort = 'CPTAC-CRC' AND biomarker || '/' || auxiliary || '/' || method || '/' || fold = '{cell}'"))

    def check_own_cohort(self, cell):
        predicted, said = self.predict(*self.tables(), cell=cell)
        counts = [sum(row["label"] == label for row in predicted.values()) for label in "10"]
        self.assertIn("Labels from column isMSIH: 1 is MSIH ({} patients); 0 is nonMSIH ({} patients)\n".format(*counts), said)
        number = lambda text: float(text) if text else None
        stored = self.stored(cell)
        self.assertGreater(len(stored), 5)
        for patient, label, score, target, prediction in stored:
            row = predicted[patient]
            self.assertEqual((int(row["label"]), float(row["score"]), number(row["target"]), number(row["prediction"])),
                             (label, score, target, prediction), patient)
        without = {row["patient"] for row in predicted.values() if not row["label"]}
        self.assertEqual(without, predicted.keys() - {row[0] for row in stored})
        for metric, value in self.stored_metrics(cell).items():
            if value is not None:
                self.assertRegex(said, rf"(?m)^{metric} +{value:.4f} ")

    def test_own_external_cohort_gives_the_stored_bits_and_metrics(self):
        for cell in (CELL, "MSI/ITH/baseline/0"):
            self.check_own_cohort(cell)

    def test_needs_no_clinical_table_and_no_store_of_the_cohort(self):
        labelled, _ = self.predict(*self.tables())
        moved = self.folder / "elsewhere"
        shutil.copytree(self.cohort, moved)
        (moved / "clini.csv").unlink()
        predicted, said = self.predict(*self.tables(moved, clini=False))
        self.assertEqual(predicted.keys(), labelled.keys())
        for patient, row in predicted.items():
            self.assertEqual((row["label"], row["target"]), ("", ""))
            self.assertEqual(row["log_odds"], labelled[patient]["log_odds"])
        self.assertNotIn("Metrics", said)

    def test_out_is_written_whole_with_nothing_on_stdout(self):
        done = self.call("predict", self.small.store, CELL, *self.tables(), "--out", self.folder / "p.csv")
        self.assertEqual(done.stdout, "")
        again = self.call("predict", self.small.store, CELL, *self.tables())
        self.assertEqual((self.folder / "p.csv").read_text(), again.stdout)

    def test_patients_of_the_training_fold_are_pointed_out(self):
        _, said = self.predict(*self.tables(self.small.config.parent / "TCGA-CRC"))
        trained = self.small.rows("SELECT count(*) FROM splits WHERE biomarker = 'MSI' AND auxiliary = 'ITH' AND fold = 0 "
                                  "AND role <> 'test'")[0][0]
        self.assertIn(f"{trained} of these patients have the same names as patients that {CELL} was trained on", said)

    def test_patients_of_the_training_under_other_names_are_pointed_out(self):
        renamed = self.folder / "renamed"
        shutil.copytree(self.small.config.parent / "TCGA-CRC", renamed)
        seen = sorted(row[0] for row in self.small.rows(
            "SELECT patient FROM splits WHERE biomarker = 'MSI' AND auxiliary = 'ITH' AND fold = 0 AND role <> 'test'"))
        table = renamed / "slide.csv"
        for i, patient in enumerate(seen[:4]):  # one is spelled differently, three have names of their own
            table.write_text(table.read_text().replace(f"{patient},", f"{patient.lower() if i == 0 else f'Q{i}'},"))
        _, said = self.predict(*self.tables(renamed, clini=False))
        self.assertIn(f"1 patient of cohort 'new' may be of those that {CELL} was trained on under another name: 1 agree "
                      f"but for upper and lower case ('{seen[0].lower()}' and '{seen[0]}')\n", said)
        self.assertIn("4 of these patients have the slides (file names and features) of patients that "
                      f"{CELL} was trained on, under other names: ", said)
        self.assertIn(f"Q1 is {seen[1]}", said)

    def test_bad_input_is_said_at_once_and_nothing_written(self):
        broken = self.folder / "broken"
        shutil.copytree(self.cohort, broken)
        feature = sorted((broken / "feats").rglob("*.h5"))[0]
        feature.write_bytes(feature.read_bytes()[:300])
        clini = broken / "clini.csv"
        clini.write_text(clini.read_text().replace(",MSIH,", ",MSI-H,"))
        weights = self.folder / "w.pt"
        self.call("export", self.small.store, CELL, "--out", weights)
        weights.write_bytes(weights.read_bytes()[:-40])
        before = listing(self.folder)
        done = self.call("predict", self.small.store, CELL, *self.tables(broken), "--weights", weights, "--out",
                         self.folder / "none/p.csv", check=False)
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stdout, "")
        for part in (f"{broken / 'feats'}: unreadable or truncated ({feature.relative_to(broken / 'feats')}: ", str(weights), "does not exist",
                     "is neither MSIH (positive) nor nonMSIH (negative, from the trained cell)"):
            self.assertIn(part, done.stderr)
        self.assertEqual(listing(self.folder), before)

    def test_a_cell_that_is_not_there_names_the_nearest(self):
        done = self.call("predict", self.small.store, "MSI/ITH/naiv/0", *self.tables(), check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("has no cell MSI/ITH/naiv/0; did you mean 'MSI/ITH/naive/0'?", done.stderr)
        done = self.call("cell", self.small.config, "MSI/ITH/naiv/0", check=False)
        self.assertIn("; did you mean 'MSI/ITH/naive/0'?", done.stderr)

    def test_what_was_guessed_and_may_be_a_mistake_is_said(self):
        percent = self.folder / "percent"
        shutil.copytree(self.cohort, percent)
        with open(percent / "clini.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        for row in rows:
            row["ITH"] = f"{100 * float(row['ITH'])}".replace(".", ",") if row["ITH"] else ""
        with open(percent / "clini.csv", "w", newline="") as file:
            out = csv.DictWriter(file, rows[0].keys(), delimiter=";")
            out.writeheader()
            out.writerows(rows)
        _, said = self.predict(*self.tables(percent))
        self.assertIn("Inferred: clini.csv: cells are separated by semicolons", said)
        self.assertIn("Inferred: clini.csv: numbers have decimal commas", said)
        self.assertRegex(said, r"Note: MSI/ITH: values of this cohort are about 100 times those of training cohort TCGA-CRC")

    def test_features_of_another_kind_are_refused(self):
        self.call("synth", self.folder / "other", "--patients", "24", "--features", "9")
        with sqlite3.connect(self.small.store) as store:
            store.execute("UPDATE grids SET settings = json_set(settings, '$.cohorts.\"TCGA-CRC\".extractor', 'uni', "
                          "'$.cohorts.\"TCGA-CRC\".geometry[0].um', 112, '$.cohorts.\"TCGA-CRC\".geometry[0].mpp', 0.5)")
        Path(f"{self.small.store}.sum").unlink(missing_ok=True)  # the store was changed on purpose
        done = self.call("predict", self.small.store, CELL, *self.tables(self.folder / "other/TCGA-CRC"), check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("9 features per tile, expected", done.stderr)
        self.assertIn("features of extractor 'synthetic', expected 'uni'", done.stderr)
        self.assertRegex(done.stderr, r"tiles of 256 um in 224 px .* beside 112 um in 224 px .*: 256 um, not 112 um "
                                      rf"\(the latter in the training data of {CELL}\)")

    def test_initial_weights_make_a_grid_of_their_own_and_must_fit(self):
        weights = self.folder / "w.pt"
        self.call("export", self.small.store, CELL, "--out", weights)
        before = self.stored(CELL)
        self.assertEqual(self.small.run(arguments=["--init", weights, "--only", "biomarker=MSI,fold=0"]), 0)
        self.assertEqual(self.small.rows("SELECT grid_id, count(*) FROM cells WHERE state = 'done' GROUP BY 1"),
                         [(1, 2), (2, 2)])
        results = self.stored(CELL)
        self.assertEqual(len(results), 2 * len(before))
        self.assertNotEqual(results[:len(before)], results[len(before):])
        verified = self.call("cell", self.small.config, CELL, "--init", weights, "--verify")
        self.assertIn("bit-equal", verified.stdout)

        before = listing(self.folder)
        for command in ("run", self.small.config), ("cell", self.small.config, "HRD/ITH/naive/0"):
            done = self.call(*command, "--init", weights, check=False)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn("pair HRD/ITH: " + str(weights), done.stderr)
        self.assertEqual(listing(self.folder), before)
        planned = self.call("plan", self.small.config, "--init", weights)
        self.assertIn("MSI/ITH fits", planned.stdout)
        self.assertIn("HRD/ITH does not fit", planned.stdout)


if __name__ == "__main__":
    unittest.main()

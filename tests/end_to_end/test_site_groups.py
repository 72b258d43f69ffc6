"""Cohorts of several sites: folds of whole sites and leave-one-site-out, from the plan to the tables; folds for STAMP and
from it."""
import csv
import json
import re
import unittest

from grid import GridTest

SITES = ["A6", "AA", "AZ", "CK", "D5", "F4", "G4", "CM", "DM"]  # as TCGA codes its tissue source sites

# The site of every patient in every fold, as docs/data.md shows.
WHERE = ("SELECT s.biomarker, s.fold, s.role, j.value FROM splits s JOIN grids g USING (grid_id) JOIN json_each(g.settings, "
         "'$.data.site_groups.\"' || json_extract(g.settings, '$.biomarkers.' || s.biomarker || '.train') || '\"') j "
         "ON j.key = s.patient")


class SiteGroups(GridTest):
    def with_sites(self, keys, site=lambda i, label: SITES[i * i // 7 % len(SITES)]):
        """A grid whose training cohorts have a column SITE: a function of the patient's number and label."""
        grid = self.grid(epochs=1, patients=40, methods="baseline, naive")
        for cohort, label in (("TCGA-CRC", "isMSIH"), ("TCGA-LUAD", "HRD")):
            clini = grid.config.parent / cohort / "clini.csv"
            with open(clini, newline="") as text:
                rows = list(csv.DictReader(text))
            for i, row in enumerate(rows):
                row["SITE"] = site(i, row[label])
            with open(clini, "w", newline="") as text:
                writer = csv.DictWriter(text, rows[0])
                writer.writeheader()
                writer.writerows(rows)
        self.set_folds(grid, keys)
        return grid

    def set_folds(self, grid, keys):
        text, found = re.subn(r"(?m)^folds = .*\n(groups = .*\n)?", keys + "\n", grid.config.read_text())
        self.assertEqual(found, 1)
        grid.config.write_text(text)

    def tables(self, grid):
        out = grid.folder / "tables"
        grid.call("tables", grid.store, "--out", out, "--format", "csv", "--resamples", "50")
        with open(out / "table1.csv", newline="") as text:
            return list(csv.reader(text))

    def test_folds_of_whole_sites(self):
        grid = self.with_sites("folds = 3\ngroups = SITE")
        plan = grid.call("plan", grid.config).stdout
        self.assertIn("Folds of site groups: no value of 'SITE' is in two folds", plan)
        self.assertRegex(plan, r"(?m)^MSI/ITH +[012] .*\bA6 \(\d+\)")
        self.assertRegex(plan, r"MSI/ITH: [789] site groups in 3 folds; .* differ from it by up to \d\.\d\d \(the best division")
        self.assertEqual(grid.run(arguments=["--only", "fold=1"]), 0)
        run = grid.start(trainers=2)
        self.assertEqual(run.wait(), 0, run.output())
        self.assert_complete(grid, 12)

        places = {}
        for biomarker, fold, role, site in grid.rows(WHERE):
            places.setdefault((biomarker, fold, site), set()).add(role)
        self.assertTrue(all(len(roles) == 1 for roles in places.values()), places)
        for biomarker in ("MSI", "HRD"):
            sites = {key[2] for key in places if key[0] == biomarker}
            self.assertGreater(len(sites), 6)
            tested = sorted(key[2] for key, roles in places.items() if key[0] == biomarker and roles == {"test"})
            self.assertEqual(tested, sorted(sites), "each once")
        settings = json.loads(grid.rows("SELECT settings FROM grids")[0][0])
        self.assertEqual(settings["groups"], "SITE")
        self.assertGreater(len(self.tables(grid)), 1)
        verified = grid.call("cell", grid.config, "MSI/ITH/naive/2", "--verify")
        self.assertIn("bit-equal", verified.stdout + verified.stderr)
        cptac = grid.config.parent / "CPTAC-CRC"
        predicted = grid.call("predict", grid.store, "MSI/ITH/naive/0", "--slides", cptac / "slide.csv", "--features",
                              cptac / "feats", "--out", grid.folder / "p.csv")
        self.assertEqual(predicted.returncode, 0)
        self.assertIn("12 cells, 12 done, 0 to do", self.output_of(grid))

        # Without the key it is another grid, and the way back is told.
        self.set_folds(grid, "folds = 3")
        self.assertIn("write groups = SITE in [grid]", grid.call("plan", grid.config).stdout)

    def output_of(self, grid):
        run = grid.start()
        self.assertEqual(run.wait(), 0)
        return run.output()

    def test_leave_one_site_out(self):
        # Four large sites, and one whose patients are all of one class.
        grid = self.with_sites("folds = one-per-group\ngroups = SITE",
                               lambda i, label: "NEG" if label.startswith("non") and i < 8 else SITES[i % 4])
        plan = grid.call("plan", grid.config).stdout
        self.assertIn("2 pairs x 2 methods x 5 folds = 20 cells", plan)
        self.assertRegex(plan, r"(?m)^MSI/ITH +4 +\d+ +0 +0\.0 % +\d+ +NEG \(\d+\)$")
        self.assertRegex(plan, r"test patients of one class: AUROC and AUPRC are not defined.*'NEG', fold 4 of MSI/ITH")
        run = grid.start(trainers=2)
        self.assertEqual(run.wait(), 0, run.output())
        self.assertIn("test patients of one class", run.output())
        self.assert_complete(grid, 20)
        metrics = grid.rows("SELECT fold, value IS NULL, reason FROM metrics JOIN cells USING (cell_id) WHERE metric = "
                            "'auroc' AND cohort = 'test' AND attempt = result_attempt")
        self.assertEqual({fold for fold, undefined, reason in metrics if undefined}, {4})
        self.assertTrue(all(reason for fold, undefined, reason in metrics if undefined))
        header, *rows = self.tables(grid)
        means = [dict(zip(header, row)) for row in rows]
        self.assertEqual({(row["have"], row["want"]) for row in means if row["cohort"].startswith("TCGA")}, {("4", "5")},
                         "means of the folds in which it is defined")
        grid.call("status", grid.store)

    def test_splits_for_stamp_and_back(self):
        grid = self.with_sites("folds = 3\ngroups = SITE")
        out = grid.config.parent / "splits.json"
        said = grid.call("plan", grid.config, "--write-splits", out).stdout
        written = {name: grid.config.parent / f"splits-{name}.json" for name in ("MSI", "HRD")}
        self.assertFalse(out.exists())
        for name, file in written.items():
            self.assertIn(f"{file}: {name}/ITH", said)
            splits = json.loads(file.read_text())["splits"]
            self.assertEqual(len(splits), 3)
            for split in splits:
                self.assertEqual(split.keys(), {"train_patients", "test_patients"})
                self.assertFalse(set(split["train_patients"]) & set(split["test_patients"]))
            self.assertTrue(file.read_text().startswith('{\n    "splits": [\n        {\n            "train_patients": ['))
        identity = re.search(r"(?m)^Grid (\w+)", said)[1]
        text = grid.config.read_text()
        for name in written:
            text = text.replace(f"[biomarker.{name}]\n", f"[biomarker.{name}]\nsplits = splits-{name}.json\n")
        grid.config.write_text(text)
        self.assertIn(f"\nGrid {identity}\n", grid.call("plan", grid.config).stdout, "the same folds, the same grid")
        refused = grid.call("plan", grid.config, "--write-splits", written["MSI"].with_name("splits.json"), check=False)
        self.assertEqual(refused.returncode, 2, "they would replace the files that are read")
        self.assertIn("--write-splits", refused.stderr)


if __name__ == "__main__":
    unittest.main()

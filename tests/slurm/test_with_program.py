#!/usr/bin/env python3
"""The batch scripts with the built program, under the fake Slurm: what both know, the scripts know from the program."""

import os
import pathlib
import unittest

from test_scripts import SLURM, Job

REAL = pathlib.Path(os.environ.get("MTLGRID_BUILD", SLURM.parent / "build")) / "mtlgrid"


@unittest.skipUnless(REAL.exists(), f"{REAL} is not built")
class WithTheProgram(Job):
    """The scripts and the built program: what they both know, they know from the program."""

    CONFIGURATION = """\ufeff# [grid]
[ grid ] ; main
;store = a
 store\t=  {store}  ; c # d
[cohort.A]
clini = a.csv
slides = b.csv
features = f
[biomarker.M]
train = A
label = m
positive = p
auxiliaries = x
"""

    def assert_same_store(self, config, store):
        self.store = store
        self.submit([{"status": 0, "done": 1}], arguments=[str(config)], environment={"REAL_MTLGRID": str(REAL)})
        self.assert_ended(0, launches=1)
        (call,) = self.program_calls("tables")
        self.assertEqual(pathlib.Path(call[1]).resolve(), store.resolve())

    def test_a_store_behind_a_link_and_dots(self):
        """site/home/proj -> ../scratch/deep/proj, store = ../results/grid.db."""
        project, results = self.site / "scratch" / "deep" / "proj", self.site / "scratch" / "deep" / "results"
        for folder in (project, results, self.site / "home"):
            folder.mkdir(parents=True)
        (self.site / "home" / "proj").symlink_to("../scratch/deep/proj")
        (project / "grid.ini").write_text(self.CONFIGURATION.format(store="../results/grid.db"))
        self.assert_same_store(self.site / "home" / "proj" / "grid.ini", results / "grid.db")
        (self.state / "calls.jsonl").unlink()
        self.assert_same_store(project / "grid.ini", results / "grid.db")

    def test_a_name_that_a_shell_would_act_on(self):
        results = self.site / "my $(touch evil) 'results'#1"
        results.mkdir()
        self.config.write_text(self.CONFIGURATION.format(store=f"{results.name}/grid.db"))
        self.assert_same_store(self.config, results / "grid.db")
        self.assertEqual(list(self.site.rglob("evil")), [])

    def test_bad_configuration_is_said_before_anything_is_queued(self):
        self.config.write_text("[grid]\nstores = x\n")
        self.submit([{"status": 0}], environment={"REAL_MTLGRID": str(REAL)})
        self.assertEqual(self.submission.returncode, 2)
        self.assertIn("did you mean 'store'?", self.submission.stderr)
        self.assertFalse(self.calls("sbatch"))

    def test_a_cell_that_the_grid_lacks_is_said_before_anything_is_queued(self):
        self.config.write_text(self.CONFIGURATION.format(store="grid.db"))
        for cell, nearest in (("M/x/cagard/0", "M/x/cagrad/0"), ("M/x/cagrad/99", "M/x/cagrad/")):
            self.submit(script="one_cell.sh", arguments=[cell, str(self.config)], environment={"REAL_MTLGRID": str(REAL)})
            self.assertEqual(self.submission.returncode, 2)
            self.assertIn(f"the grid has no cell '{cell}'; did you mean '{nearest}", self.submission.stderr)
        self.assertFalse(self.calls("sbatch"))


if __name__ == "__main__":
    unittest.main(verbosity=2)

"""The machine's own limits: CPUs that a batch system allows, sizes of files, places that cannot be written."""
import os
import re
import resource
import subprocess
import unittest

from grid import PATIENCE, Grid, GridTest


class Limits(GridTest):
    def small_grid(self):
        return Grid(self.folder, methods="baseline, naive")

    def run_program(self, grid, *arguments, limit=None, **environment):
        """`mtlgrid` with the soft limit `limit` on the size of files, in bytes."""
        def lower():
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
        return subprocess.run([grid.program, *map(str, arguments)], capture_output=True, text=True, timeout=PATIENCE,
                              env=dict(grid.environment(), **environment), preexec_fn=lower if limit else None)

    @unittest.skipIf(len(os.sched_getaffinity(0)) < 2, "one CPU allows one trainer in any case")
    def test_trainers_are_no_more_than_slurm_allows(self):
        grid = self.small_grid()
        done = self.run_program(grid, "run", grid.config, "--empty-cells", "0", SLURM_JOB_ID="5", SLURM_CPUS_PER_TASK="1",
                                SLURM_CPUS_ON_NODE="1")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stderr, r"(?m)^[-\d]+ [:\d]+ 1 trainer of 1 thread; 1 of this node's \d+ CPUs: SLURM_CPUS_PER_TASK = 1 for 1 task$")
        self.assertTrue(re.search(r"on 1 trainer", done.stderr), done.stderr)

    def test_a_limit_on_file_sizes_stops_a_run_as_a_full_disk_does(self):
        grid = self.small_grid()
        done = self.run_program(grid, "run", grid.config, "--empty-cells", "0", limit=60_000)
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertIn("ulimit -f", done.stderr)
        done = self.run_program(grid, "run", grid.config, "--empty-cells", "0")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_store_that_cannot_be_made_is_said_before_the_data_are_read(self):
        grid = self.small_grid()
        text = grid.config.read_text()
        (grid.folder / "cohorts/file").write_text("x")
        grid.config.write_text(re.sub(r"(?m)^store = .*$", "store = file/results/grid.db", re.sub(r"(?m)^clini = .*$", "clini = none.csv", text)))
        for command in ("plan", "run"):
            done = self.run_program(grid, command, grid.config)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertRegex(done.stderr, r"file is a file, expected a folder; name another place\n$")
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)


if __name__ == "__main__":
    unittest.main()

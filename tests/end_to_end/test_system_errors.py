"""What the system refuses while features are read fails no cell for good: few descriptors, a file that goes away. What
harms HDF5 harms nobody else."""
import csv
import os
import shutil
import time
import unittest

from grid import MTLGRID, GridTest, until

SLIDES = 80  # of one patient, more than the process may open files


class SystemErrors(GridTest):
    def small(self, name):
        """A grid of few cells. `row` is the slide table's of a patient whom every pair uses."""
        grid = self.grid(name, epochs=1, methods="baseline")
        self.table = grid.folder / "cohorts/TCGA-CRC/slide.csv"
        with open(self.table, newline="") as file:
            self.rows = list(csv.DictReader(file))
        with open(self.table.with_name("clini.csv"), newline="") as file:
            whole = {row["PATIENT"] for row in csv.DictReader(file) if all(row.values())}
        self.row = next(row for row in self.rows if row["PATIENT"] in whole and self.features(row))
        return grid

    def features(self, row):
        """The row's file, in a list."""
        name = row["FILENAME"].rsplit("/")[-1].removesuffix(".h5") + ".h5"
        return list(self.table.parent.joinpath("feats").rglob(name))

    def test_a_patient_may_have_more_slides_than_the_process_may_open_files(self):
        grid = self.small("few")
        (source,) = self.features(self.row)
        for i in range(SLIDES):
            shutil.copy(source, source.with_name(f"more-{i}.h5"))
            self.rows.append(dict(self.row, FILENAME=f"more-{i}.h5"))
        with open(self.table, "w", newline="") as file:
            writer = csv.DictWriter(file, self.row)
            writer.writeheader()
            writer.writerows(self.rows)
        wrapper = grid.folder / "few.sh"
        wrapper.write_text(f'#!/bin/sh\nulimit -n 64\nexec "{MTLGRID}" "$@"\n')
        wrapper.chmod(0o755)
        grid.program = wrapper
        self.assertEqual(grid.run(), 0)
        self.assertEqual(grid.rows("SELECT count(*) FROM attempts WHERE outcome <> 'done'"), [(0,)])
        self.assertIn((self.row["PATIENT"],), grid.rows("SELECT DISTINCT patient FROM predictions"))

    def test_files_that_go_away_fail_no_cell_for_good(self):
        grid = self.small("gone")
        feats = self.table.with_name("feats")
        run = grid.start()
        until(lambda: "cells, 0 done" in run.output(), "the data are checked")
        feats.rename(feats.with_name("away"))  # the trainer is still starting
        self.assertEqual(run.wait(), 5)
        self.assertIn("cannot be read: No such file or directory; it was there when the data were checked", run.output())
        self.assertIn("left for the next run", run.output())
        self.assertEqual(grid.rows("SELECT count(*) FROM cells WHERE state = 'failed'"), [(0,)])
        feats.with_name("away").rename(feats)
        self.assertEqual(grid.run(), 0)

    def test_a_file_that_harms_hdf5_is_one_line(self):
        grid = self.small("harm")
        (file,) = self.features(self.row)
        whole = file.read_bytes()
        heap = whole.index(b"GCOL")  # HDF5's heap of texts; 24 bytes on: the bytes of the extractor's name
        for byte, change in ((25, 2), (31, 0x6B), (9, 0xFF), (40, 0x80)):
            damaged = bytearray(whole)
            damaged[heap + byte] ^= change
            file.write_bytes(damaged)
            done = grid.call("plan", grid.config, check=False)
            if done.returncode != 0:  # some damage is to what nobody reads
                self.assertEqual((done.returncode, len(done.stderr.splitlines())), (2, 1), done.stderr)
                self.assertIn(file.name, done.stderr)
        file.unlink()
        os.mkfifo(file)
        done = grid.call("plan", grid.config, check=False)
        self.assertEqual((done.returncode, len(done.stderr.splitlines())), (2, 1), done.stderr)
        self.assertIn("a pipe, a socket or a device", done.stderr)

    def test_files_that_are_away_for_seconds_are_waited_for(self):
        grid = self.small("away")
        feats = self.table.with_name("feats")
        run = grid.start()
        until(lambda: "cells, 0 done" in run.output(), "the data are checked")
        feats.rename(feats.with_name("away"))
        until(lambda: list(grid.folder.glob("cohorts/grid.db.d/grid-1/*/*/*/*/attempt-1/log")), "an attempt")
        time.sleep(4)
        feats.with_name("away").rename(feats)
        self.assertEqual(run.wait(), 0, run.output())
        self.assertEqual(grid.rows("SELECT count(*) FROM cells WHERE state <> 'done'"), [(0,)])
        self.assertNotIn("left for the next run", run.output())


if __name__ == "__main__":
    unittest.main()

"""Folders that are removed or moved away while a run uses them, and come back or do not."""
import os
import re
import shutil
import unittest

from grid import GridTest, until

CELLS = 2 * 3  # pairs x folds


class Removed(GridTest):
    def started(self, name, store="place/grid.db", **settings):
        """A grid with its store in a folder of its own, and a run of it that has finished a cell."""
        grid = self.grid(name, epochs=6, methods="baseline", **settings)
        grid.store = grid.config.parent / store
        grid.config.write_text(re.sub(r"(?m)^store = .*$", f"store = {store}", grid.config.read_text()))
        run = grid.start(arguments=["--inject", "*=slow:0.02"])
        until(lambda: grid.store.exists() and grid.count_done() >= 1 or run.process.poll() is not None, "a cell that is done")
        return grid, run

    def assert_no_build_path(self, text):
        self.assertNotRegex(text, r"\.cpp:\d+: |exited with status 4")

    def test_folders_of_cells_are_made_again_and_no_attempt_is_lost(self):
        grid, run = self.started("cells")
        shutil.rmtree(grid.store.with_name("grid.db.d"))
        self.assertEqual(run.wait(), 0, run.output())
        self.assert_complete(grid, CELLS)
        self.assertEqual(grid.rows("SELECT count(*) FROM attempts WHERE outcome <> 'done'"), [(0,)])
        self.assert_no_build_path(run.output())

    def test_what_takes_the_place_of_the_cells_folder_is_named_once_and_blames_no_cell(self):
        def dangle(folder):
            folder.symlink_to("nowhere")

        for name, put in (("link", dangle), ("file", lambda folder: folder.write_text("x")), ("pipe", os.mkfifo)):
            with self.subTest(name):
                grid, run = self.started(name)
                folder = grid.store.with_name("grid.db.d")
                shutil.rmtree(folder)
                put(folder)
                self.assertEqual(run.wait(), 5, run.output())
                self.assertIn("removed, moved or replaced", run.output())
                self.assertNotIn("retrying", run.output())
                self.assert_no_build_path(run.output())
                self.assertEqual(grid.rows("SELECT count(*) FROM attempts WHERE outcome IN ('failed', 'crashed')"), [(0,)])
                folder.unlink()
                self.assertEqual(grid.run(), 0)
                self.assert_complete(grid, CELLS)

    def test_the_folder_of_the_store_is_named_and_not_made_a_second_time(self):
        grid, run = self.started("store")
        place = grid.store.parent
        place.rename(place.with_name("away"))
        self.assertEqual(run.wait(), 5, run.output())
        self.assertIn(f"{place}: the store's folder was removed, moved or replaced", run.output())
        self.assert_no_build_path(run.output())
        self.assertFalse(place.exists())
        place.with_name("away").rename(place)
        self.assertEqual(grid.run(), 0)
        self.assert_complete(grid, CELLS)
        self.assertEqual(grid.rows("SELECT count(*) FROM attempts WHERE outcome IN ('failed', 'crashed')"), [(0,)])


if __name__ == "__main__":
    unittest.main()

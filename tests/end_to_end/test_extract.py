"""Slides to features: what extract writes, keeps, makes again and refuses, and what a bad slide does to the others."""
import os
import shutil
import signal
import unittest
from pathlib import Path

from grid import GridTest, require_mpirun, until
from slide_grid import SlideGrid


class ExtractTest(GridTest):
    def slides(self, name="slides", **settings):
        grid = SlideGrid(self.folder / name, **settings)
        self.grids.append(grid)
        return grid

    def assert_done(self, grid, names):
        self.assertEqual({name: state for name, (state, _, _) in grid.slides().items()}, {name: "done" for name in names})
        self.assertEqual(grid.attempts(), {name: 1 for name in names})
        self.assertEqual({f[:-3] for f in grid.files() if f.endswith(".h5")}, set(names))
        self.assertEqual([f for f in grid.files() if not f.endswith((".h5", ".jpg"))], [])


class Extract(ExtractTest):
    def test_files_are_the_same_on_any_number_of_ranks(self):
        require_mpirun()
        alone, many = self.slides("alone"), self.slides("many")
        status, said = alone.extract()
        self.assertEqual(status, 0, said)
        self.assertIn("all 6 slides are done", said)
        self.assertEqual(many.extract(ranks=2)[0], 0)
        self.assert_done(alone, [f"s{i}" for i in range(6)])
        self.assert_done(many, [f"s{i}" for i in range(6)])
        self.assertEqual(alone.files(), many.files())
        self.assertEqual(set(r for r, in many.rows("SELECT DISTINCT rank FROM attempts")), {0, 1})

    def test_manifest_adds_up_and_is_shown(self):
        grid = self.slides()
        self.assertEqual(grid.extract()[0], 0)
        rows = grid.rows("SELECT tiles, kept + too_bright + too_plain, kept, width, height, mpp, mpp_source, host, seconds, "
                         "feature_file, slide_file FROM slides")
        for tiles, total, kept, width, height, mpp, source, host, seconds, features, slide in rows:
            self.assertEqual(tiles, total)
            self.assertGreater(kept, 0)
            self.assertEqual((height, mpp, source), (2300, 0.5, "openslide.mpp-x"))
            self.assertTrue(host and seconds > 0 and Path(features).exists() and Path(slide).exists())
        self.assertEqual(grid.rows("SELECT cohort, slides, done, failed, empty FROM slide_counts"), [("A", 6, 6, 0, 0)])
        shown = grid.call("status", grid.store).stdout
        self.assertIn("6 of 6 slides done", shown)
        why = grid.call("status", grid.store, "--why", "s1").stdout
        self.assertIn("A/s1: done", why)
        self.assertRegex(why, r"tiles +\d+ seen, \d+ kept, \d+ too bright, \d+ too plain")
        features = grid.call("inspect", grid.feats, check=False).stdout  # few colours: some tiles are equal
        self.assertIn("mean-colour", features)
        self.assertIn("256 um in 224 px", features)

    def test_nothing_is_done_twice_and_what_is_gone_is_made_again(self):
        grid = self.slides()
        self.assertEqual(grid.extract()[0], 0)
        before = grid.files()
        times = {f: f.stat().st_mtime_ns for f in grid.feats.iterdir()}
        self.assertEqual(grid.extract()[0], 0)
        self.assertEqual(times, {f: f.stat().st_mtime_ns for f in grid.feats.iterdir()})
        (grid.feats / "s1.h5").unlink()
        with open(grid.feats / "s2.h5", "r+b") as file:
            file.truncate(3000)
        status, said = grid.extract()
        self.assertEqual(status, 0)
        self.assertIn("2 slides extracted again", said)
        self.assertEqual(grid.files(), before)
        self.assertEqual(grid.attempts(), {"s0": 1, "s1": 2, "s2": 2, "s3": 1, "s4": 1, "s5": 1})

    def test_a_slide_that_was_replaced_is_extracted_again(self):
        grid = self.slides(slides=2, extract="canny_cutoff = none")
        self.assertEqual(grid.extract()[0], 0)
        before = grid.files()
        grid.add("s0", width=2200, height=12345, seed=9)
        status, said = grid.extract()
        self.assertEqual(status, 0)
        self.assertIn("have been replaced, and are made again (s0.h5)", said)
        self.assertEqual({f for f, hash in grid.files().items() if hash != before[f]}, {"s0.h5", "s0.jpg"})

    def test_files_that_are_something_else_are_not_replaced(self):
        grid = self.slides(slides=2)
        self.assertEqual(grid.extract()[0], 0)
        (grid.feats / "s0.h5").unlink()
        (grid.feats / "s0.h5").mkdir()
        self.assertIn("s0.h5", grid.refused())

    def test_a_store_of_slides_alone_has_no_tables(self):
        grid = self.slides(slides=1)
        self.assertEqual(grid.extract()[0], 0)
        done = grid.call("tables", grid.store, "--out", grid.folder / "tables", check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("is of slides", done.stderr)

    def test_check_says_what_would_be_done_and_writes_nothing(self):
        grid = self.slides(slides=3)
        said = grid.call("extract", grid.config, "--check").stdout
        self.assertRegex(said, r"(?m)^A +3 +0 +3 ")
        self.assertFalse(grid.store.exists() or grid.feats.exists())

    def test_files_of_a_lost_store_are_kept(self):
        grid = self.slides()
        self.assertEqual(grid.extract()[0], 0)
        before = grid.files()
        for file in grid.folder.glob("grid.db*"):
            shutil.rmtree(file) if file.is_dir() else file.unlink()
        status, said = grid.extract()
        self.assertEqual(status, 0)
        self.assertIn("6 feature files there already and kept", said)
        self.assertEqual(grid.files(), before)
        self.assertEqual(grid.rows("SELECT count(*) FROM slides WHERE tiles = kept + too_bright + too_plain AND mpp = 0.5"), [(6,)])

    def test_files_of_other_settings_are_in_the_way(self):
        grid = self.slides()
        self.assertEqual(grid.extract()[0], 0)
        before, store = grid.files(), grid.store.read_bytes()
        grid.configure(extract="canny_cutoff = 0.3")
        self.assertIn("made with other settings of [extract] (6 times: s0.h5, s1.h5, s2.h5, ...); give the cohort another "
                      "folder", grid.refused())
        self.assertEqual((grid.files(), grid.store.read_bytes()), (before, store))

    def test_changed_default_mpp_makes_its_slides_again(self):
        grid = self.slides(slides=2)
        grid.add("silent", mpp=0)
        status, said = grid.extract()
        self.assertEqual(status, 1)
        self.assertRegex(grid.slides()["silent"][2], "microns per pixel.*default_mpp")
        grid.config.write_text(grid.config.read_text().replace("features = feats", "features = feats\ndefault_mpp = 0.5"))
        self.assertEqual(grid.extract(arguments=["--retry-failed"])[0], 0)
        first = grid.files()
        grid.config.write_text(grid.config.read_text().replace("default_mpp = 0.5", "default_mpp = 0.4"))
        status, said = grid.extract()
        self.assertEqual(status, 0)
        self.assertIn("made with other microns per pixel and are made again (silent.h5)", said)
        second = grid.files()
        self.assertEqual({f for f in first if first[f] != second[f]}, {"silent.h5", "silent.jpg"})

    def test_mpp_of_a_column(self):
        grid = self.slides(slides=1)
        grid.add("sub/silent", mpp=0)
        grid.add("other", mpp=0)
        (grid.folder / "slide.csv").write_text("PATIENT,FILENAME,MPP\np1,sub/silent.h5,0.5\np2,other.h5,\np3,s0.h5,0.1\n")
        grid.config.write_text(grid.config.read_text().replace(
            "features = feats", "features = feats\nslides = slide.csv\nmpp_column = MPP\ndefault_mpp = 0.25"))
        self.assertEqual(grid.extract()[0], 0)
        self.assertEqual(dict(grid.rows("SELECT slide, mpp_source || ' ' || mpp FROM slides")),
                         {"s0": "openslide.mpp-x 0.5", "sub/silent": "mpp_column 0.5", "other": "default_mpp 0.25"})

    def test_slide_without_tissue_is_done_without_a_file(self):
        grid = self.slides(slides=1, extract="canny_cutoff = 0.9")
        self.assertEqual(grid.extract()[0], 0)
        self.assertEqual(grid.slides(), {"s0": ("done", 0, "")})
        self.assertEqual(set(grid.files()), {"s0.jpg"})
        self.assertEqual(grid.extract()[0], 0)
        self.assertEqual(grid.attempts(), {"s0": 1})

    def test_problems_come_together_and_nothing_is_written(self):
        grid = self.slides(slides=1, extract="tile_um = -1\nbrightnes_cutoff = 3")
        said = grid.refused()
        self.assertIn("tile_um", said)
        self.assertIn("brightness_cutoff", said)
        grid.configure(extract="weights = nowhere.pth")
        self.assertIn("mean-colour has none", grid.refused())
        grid.config.write_text(grid.config.read_text().replace("slides_folder = wsi", "slides_folder = nowhere"))
        grid.configure()
        self.assertIn("no cohort 'B'", grid.refused("--cohort", "B"))
        self.assertFalse(grid.store.exists() or grid.feats.exists())

    def test_run_says_that_extract_comes_first(self):
        grid = self.slides(slides=1)
        (grid.folder / "clini.csv").write_text("PATIENT,Label,LF\ns0,yes,1\n")
        grid.config.write_text(grid.config.read_text().replace("features = feats", "features = feats\nclini = clini.csv") +
                               "[biomarker.B]\ntrain = A\nlabel = Label\npositive = yes\nauxiliaries = LF\n")
        done = grid.call("run", grid.config, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn(f"mtlgrid extract {grid.config}", done.stderr)


class BadSlides(ExtractTest):
    """Each of them is named, and the others are done."""

    def test_each_fault_is_named_and_the_others_are_done(self):
        grid = self.slides(slides=3)
        grid.add("crash", misdeed="crash")
        grid.add("endless", misdeed="hang")
        grid.add("broken", misdeed="error")
        grid.add("silent", mpp=0)
        (grid.wsi / "empty.svs").touch()
        (grid.wsi / "text.svs").write_text("no slide")
        grid.add("twice")
        (grid.wsi / "twice.tiff").write_text("of the same name")
        (grid.wsi / "link.svs").symlink_to("nowhere")
        status, said = grid.extract(trainers=2)
        self.assertEqual(status, 1, said)
        found = grid.slides()
        for name in ("s0", "s1", "s2"):
            self.assertEqual(found[name][0], "done")
        causes = {"crash": "SIGSEGV|signal", "endless": "silent for|no sign", "broken": "cannot be decoded",
                  "silent": "microns per pixel", "empty": "0 bytes|empty", "text": "format"}
        for name, cause in causes.items():
            self.assertEqual(found[name][0], "failed", name)
            self.assertRegex(found[name][2], cause)
        self.assertEqual(len(found), 3 + len(causes))
        self.assertRegex(said, "twice")
        self.assertRegex(said, "link.svs")
        self.assertEqual({f for f in grid.files() if f.endswith(".h5")}, {"s0.h5", "s1.h5", "s2.h5"})

    def test_slide_that_disappears(self):
        grid = self.slides(slides=4)
        run = grid.start(arguments=["--inject", "*=slow:0.3"])
        until(lambda: grid.count_done() >= 1, "a slide that is done")
        pending = [n for n, (state, _, _) in grid.slides().items() if state == "pending"]
        (grid.wsi / f"{pending[-1]}.svs").unlink()
        run.wait()
        self.assertEqual(grid.done_status(), 1, run.output())
        self.assertRegex(grid.slides()[pending[-1]][2], "no such file|not there|does not exist")
        self.assertEqual(sum(state == "done" for state, _, _ in grid.slides().values()), 3)

    def test_full_disk_stops_the_run_and_it_continues(self):
        grid = self.slides()
        status, said = grid.extract(arguments=["--inject", "A/s3=full"])
        self.assertEqual(status, 5, said)
        self.assertEqual(grid.extract()[0], 0)
        self.assertTrue(all(state == "done" for state, _, _ in grid.slides().values()))

    def test_stop_leaves_no_half_file(self):
        grid = self.slides()
        run = grid.start(arguments=["--inject", "*=slow:0.3"])
        until(lambda: grid.count_done() >= 2, "two slides that are done")
        run.process.send_signal(signal.SIGUSR1)
        run.wait()
        self.assertEqual(grid.done_status(), 3, run.output())
        self.assertEqual([f for f in grid.files() if not f.endswith((".h5", ".jpg"))], [])
        self.assertEqual(grid.extract()[0], 0)
        self.assert_done(grid, [f"s{i}" for i in range(6)])


class KilledExtraction(ExtractTest):
    """A trainer, a rank, the coordinator, all of it: every slide once, and files as of an undisturbed run."""

    @classmethod
    def setUpClass(cls):
        require_mpirun()

    def setUp(self):
        super().setUp()
        calm = self.slides("calm")
        self.assertEqual(calm.extract(trainers=2)[0], 0)
        self.expected = calm.files()
        self.disturbed = self.slides("disturbed")
        self.running = self.disturbed.start(ranks=2, arguments=["--inject", "*=slow:0.1"])
        self.disturbed.wait_for_done(2)

    def finish(self):
        self.running.wait()
        self.disturbed.wait_for_no_process()
        status, said = self.disturbed.extract(ranks=2)
        self.assertEqual(status, 0, said)
        self.assert_done(self.disturbed, [f"s{i}" for i in range(6)])
        self.assertEqual(self.disturbed.files(), self.expected)

    def test_trainer(self):
        os.kill(self.disturbed.named("mtlgrid-trainer")[0], signal.SIGKILL)
        self.finish()

    def test_rank(self):
        os.kill(self.disturbed.rank_pid(1), signal.SIGKILL)
        self.finish()

    def test_coordinator(self):
        os.kill(self.disturbed.rank_pid(0), signal.SIGKILL)
        self.finish()

    def test_everything(self):
        self.disturbed.end()
        self.finish()


if __name__ == "__main__":
    unittest.main()

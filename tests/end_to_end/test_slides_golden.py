"""The tiles that STAMP 2.5 keeps on six virtual slides (../shared/spec/slides_golden.json), against those kept here.

Neither the file nor the script that makes the slides (../shared/tools/make_virtual_slide.py, which needs numpy and tifffile) is part of this
repository: without them the test is skipped. $MTLGRID_SLIDES_PYTHON is a Python with both packages; otherwise the one that runs the test.
"""
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
PYTHON = os.environ.get("MTLGRID_SLIDES_PYTHON", sys.executable)
TILE_SLIDE = Path(os.environ.get("MTLGRID_BUILD", ROOT / "build")) / "tile_slide"
NEAR_CUTOFF = 1e-3   # of the edge share: tiles that may be kept by one and not by the other
MEAN_COLOUR = 0.5    # of 255


def word(value):
    return "none" if value is None else repr(value)


def has_packages():
    return subprocess.run([PYTHON, "-c", "import numpy, tifffile"], capture_output=True).returncode == 0


class SlidesGolden(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        golden, cls.make = SHARED / "spec/slides_golden.json", SHARED / "tools/make_virtual_slide.py"
        if not golden.exists() or not cls.make.exists():
            raise unittest.SkipTest("no golden slides beside this checkout")
        if not has_packages():
            raise unittest.SkipTest(f"no Python with numpy and tifffile: {PYTHON}; set MTLGRID_SLIDES_PYTHON")
        cls.golden = json.loads(golden.read_text())

    def tiles(self, slide, folder):
        file, s = Path(folder) / "slide.svs", slide["settings"]
        subprocess.run([PYTHON, self.make, file, *slide["make"]], check=True)
        keys = ("default_mpp", "tile_um", "tile_px", "brightness_cutoff", "canny_cutoff")
        done = subprocess.run([TILE_SLIDE, file, *(word(s[k]) for k in keys)], check=True, capture_output=True, text=True)
        return json.loads(done.stdout)

    def compare(self, slide, found):
        self.assertEqual(found["tiles_before_texture"], slide["tiles_before_texture"])
        cutoff = slide["settings"]["canny_cutoff"]
        ours, theirs = ({(round(t[0], 3), round(t[1], 3)): t for t in tiles} for tiles in (found["tiles"], slide["tiles"]))
        for place in ours.keys() ^ theirs.keys():
            share = (ours.get(place) or theirs.get(place))[2]
            self.assertLessEqual(abs(share - cutoff), NEAR_CUTOFF, f"the tile at {place} is kept by one alone")
        worst = [0, 0]
        for place in ours.keys() & theirs.keys():
            share, colours = ours[place][2:]
            worst[0] = max(worst[0], abs(share - theirs[place][2]))
            worst[1] = max([worst[1], *(abs(a - b) for a, b in zip(colours, theirs[place][3]))])
        self.assertLessEqual(worst[0], NEAR_CUTOFF)
        self.assertLessEqual(worst[1], MEAN_COLOUR)
        print(f"{slide['name']}: {len(ours)} tiles of {len(theirs)}; largest differences: edge share {worst[0]:.2g}, mean colour {worst[1]:.2g}")

    def test_the_same_tiles_are_kept(self):
        for slide in self.golden["slides"]:
            with self.subTest(slide["name"]), tempfile.TemporaryDirectory() as folder:
                self.compare(slide, self.tiles(slide, folder))


if __name__ == "__main__":
    unittest.main()

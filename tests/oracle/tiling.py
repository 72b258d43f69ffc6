#!/usr/bin/env python3
"""Tiles that openslide-python 1.4 (OpenSlide 4.0), Pillow 13.0 and OpenCV 5.0 make of virtual slides by the protocol of STAMP 2.5, written
down by its facts alone: fixtures/tiling.json.

The slides are written by the project's own make_slide (tests/datasets/slides), which must be built: MTLGRID_BUILD, or build/. Tiles' pixels are
kept as XXH3 hashes. Usage: tiling.py FOLDER
"""
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile

import cv2
import numpy as np
import openslide
import PIL
import xxhash
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("MTLGRID_BUILD", ROOT / "build"))
USUAL = {"tile_um": 256.0, "tile_px": 224, "brightness_cutoff": 240, "canny_cutoff": 0.02, "default_mpp": None}
# Arguments of make_slide, and settings beside the usual ones.
CASES = [
    ({"width": 2300, "height": 1700, "mpp": 0.5, "seed": 1}, {}),
    ({"width": 2300, "height": 1700, "mpp": 0.5, "seed": 1}, {"tile_um": 112.0, "tile_px": 96, "canny_cutoff": 0.05}),
    ({"width": 2300, "height": 1700, "mpp": 0.5, "seed": 1}, {"brightness_cutoff": None, "canny_cutoff": None, "tile_um": 333.3, "tile_px": 128}),
    ({"width": 1501, "height": 1303, "mpp": 0.2525, "seed": 2, "levels": 3}, {}),
    ({"width": 900, "height": 1411, "mpp": 1.14, "seed": 3, "levels": 1}, {}),
    ({"width": 1200, "height": 1000, "mpp": "none", "scale_mpp": 0.46, "seed": 4}, {"default_mpp": 0.46}),
    ({"width": 700, "height": 400, "mpp": 2.2, "seed": 5, "levels": 1}, {"brightness_cutoff": 235, "tile_px": 96}),
    ({"width": 150, "height": 2900, "mpp": 0.25, "seed": 6, "levels": 1, "tissue_permille": 800}, {"tile_px": 256, "canny_cutoff": 0.004}),
    ({"width": 100, "height": 90, "mpp": 0.5, "seed": 7, "levels": 1, "tissue_permille": 1000}, {"canny_cutoff": 0.001}),
    ({"width": 4000, "height": 1100, "mpp": 0.125, "scale_mpp": 0.5, "seed": 8, "levels": 2}, {"tile_px": 160}),
    ({"width": 640, "height": 640, "mpp": 1.0, "seed": 9, "levels": 1}, {"tile_um": 128.0, "tile_px": 128}),
]


def hashed(array):
    return xxhash.xxh3_64_hexdigest(np.ascontiguousarray(array).tobytes())


def background(slide, supertile, cutoff):
    """Whether each supertile is dark enough, [down, across]."""
    across, down = (math.ceil(side / supertile) for side in slide.dimensions)
    grey = np.array(slide.get_thumbnail((2 * across, 2 * down)).resize((across, down)).convert("I"))
    return np.ones((down, across), bool) if cutoff is None else grey < cutoff


def tiles_of(slide, mpp, s):
    um, px = s["tile_um"], s["tile_px"]
    side = max(int(1024 * mpp // um), 1)
    supertile = math.ceil(um / mpp) * side
    kept = background(slide, supertile, s["brightness_cutoff"])
    tiles, seen = [], 0
    for row, column in zip(*np.nonzero(kept)):
        x, y = int(column) * supertile, int(row) * supertile
        image = slide.read_region((x, y), 0, (supertile, supertile)).resize((px * side, px * side)).convert("RGB")
        for j in range(side):
            for i in range(side):
                tile = image.crop((i * px, j * px, (i + 1) * px, (j + 1) * px))
                share = float(cv2.Canny(np.array(tile.convert("L")), 40, 100).mean() / 255)
                seen += 1
                if s["canny_cutoff"] is None or share >= s["canny_cutoff"]:
                    tiles.append([x * mpp + i * um, y * mpp + j * um, share, hashed(np.array(tile))])
    return tiles, seen, int((~kept).sum()) * side * side


def rejection(slide, mpp, tiles, um):
    """The thumbnail with a red veil where no tile was kept, as RGB."""
    width, height = (math.ceil(side * mpp / um) for side in slide.dimensions)
    veil = np.full((height, width, 4), (255, 0, 0, 128), np.uint8)
    for x, y in np.floor(np.array([tile[:2] for tile in tiles], np.float32).reshape(-1, 2) / np.float32(um)).astype(int):
        if x < width and y < height:  # rounded up, a place can be beyond the map
            veil[y, x] = 0
    thumbnail = slide.get_thumbnail((512, 512)).convert("RGBA")
    laid = Image.fromarray(veil).resize(thumbnail.size, Image.Resampling.NEAREST)
    thumbnail.paste(laid, mask=laid)
    return thumbnail.convert("RGB")


def case(folder, make, changed):
    settings = {**USUAL, **changed}
    file = folder / "slide.svs"
    subprocess.run([BUILD / "make_slide", file, *(f"{name}={value}" for name, value in make.items())], check=True)
    slide = openslide.OpenSlide(file)
    mpp = float(slide.properties.get("openslide.mpp-x", settings["default_mpp"]))
    tiles, seen, rejected = tiles_of(slide, mpp, settings)
    pixels = [hashed(np.array(slide.read_region((0, 0), level, size))) for level, size in enumerate(slide.level_dimensions)]
    return {"make": make, "settings": settings, "mpp": mpp, "levels": pixels, "thumbnail": hashed(np.array(slide.get_thumbnail((300, 200)))),
            "rejection": hashed(np.array(rejection(slide, mpp, tiles, settings["tile_um"]))), "seen": seen, "rejected_by_brightness": rejected, "tiles": tiles}


def main():
    with tempfile.TemporaryDirectory() as folder:
        cases = [case(pathlib.Path(folder), *c) for c in CASES]
    versions = {"openslide-python": openslide.__version__, "OpenSlide": openslide.__library_version__, "Pillow": PIL.__version__, "OpenCV": cv2.__version__}
    rows = ",\n".join(json.dumps({**c, "tiles": None})[:-5] + "[\n" + ",\n".join(map(json.dumps, c["tiles"])) + "]}" for c in cases)
    (pathlib.Path(sys.argv[1]) / "tiling.json").write_text(f'{{"versions": {json.dumps(versions)},\n"cases": [\n{rows}]}}\n')


if __name__ == "__main__":
    main()

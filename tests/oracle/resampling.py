#!/usr/bin/env python3
"""What Pillow 13.0 and OpenCV 5.0 make of images by rule: resized, reduced, premultiplied, grey, edges; fixtures/resampling.json.

An image by rule is the same in tests/datasets/slides/ruled_image.h. Results are kept as XXH3 hashes of their bytes.
Usage: resampling.py FOLDER
"""
import json
import pathlib
import sys

import cv2
import numpy as np
import PIL
import xxhash
from PIL import Image

Image.MAX_IMAGE_PIXELS = None
FILTERS = {"bicubic": Image.Resampling.BICUBIC, "lanczos": Image.Resampling.LANCZOS}
# Width and height before and after: smaller, larger, one pixel, one axis alone, tall (columns first), far smaller.
SIZES = [(300, 200, 224, 149), (57, 91, 224, 224), (1024, 64, 224, 14), (200, 300, 1, 1), (120, 80, 120, 31), (120, 80, 33, 80), (90, 700, 80, 100),
         (101, 103, 101, 103), (1000, 37, 3, 2), (1, 1, 5, 7)]
BOXES = [(100, 60, 31, 17, 98.25, 59.5), (40, 40, 13, 13, 39.9, 40), (64, 200, 64, 21, 64, 197.3)]
FACTORS = [(100, 70, 2, 2), (100, 70, 3, 3), (101, 71, 4, 4), (99, 72, 5, 5), (100, 70, 7, 1), (100, 70, 1, 9), (640, 600, 255, 201), (17, 13, 40, 40), (6000, 9, 3001, 2)]
THUMBNAILS = [(3000, 2200, 6, 4), (1038, 3258, 4, 8), (5, 1000, 2, 100), (1000, 5, 100, 2), (100, 100, 100, 100), (99, 100, 100, 100), (101, 100, 100, 100),
              (12345, 6789, 512, 512), (333, 1000, 3, 3), (7, 7, 3, 5), (65535, 3, 512, 512)]
EDGES = [(224, 224, 40, 100), (97, 53, 40, 100), (64, 64, 10, 20), (224, 224, 0, 0), (33, 200, 200, 600), (3, 3, 40, 100), (1, 9, 40, 100), (300, 2, 40, 100)]


def ruled(kind, width, height):
    """[height, width, 4]. kind: noise, all channels alike at random; tissue, smooth colours with dark discs, opaque; veil, noise of which a part is transparent."""
    y, x = np.mgrid[0:height, 0:width].astype(np.uint32)
    at = 4 * (y * np.uint32(width) + x)
    noise = np.stack([((at + np.uint32(c)) * np.uint32(2654435761)) >> np.uint32(24) for c in range(4)], axis=-1)
    if kind == "noise":
        return noise.astype(np.uint8)
    if kind == "veil":
        noise[..., 3] = np.where((x // 7 + y // 5) % 3 == 0, 0, np.where((x + y) % 4 == 0, noise[..., 3], 255))
        return noise.astype(np.uint8)
    wave = (x * 3 + y * 5) % np.uint32(256)
    smooth = np.where(wave < 128, wave, 255 - wave) // 2
    centre = ((x % 37).astype(np.int64) - 18) ** 2 + ((y % 29).astype(np.int64) - 14) ** 2
    image = np.stack([205 + smooth // 2, 140 + smooth, 180 + smooth // 2, np.full_like(smooth, 255)], axis=-1) + noise // 64
    image[..., 3] = 255
    image[centre < 60] = (95, 60, 140, 255)
    return image.astype(np.uint8)


def hashed(array):
    return xxhash.xxh3_64_hexdigest(np.ascontiguousarray(array).tobytes())


def resized():
    for width, height, to_width, to_height in SIZES:
        for kind in ("noise", "tissue", "veil"):
            for name, method in FILTERS.items():
                image = Image.fromarray(ruled(kind, width, height))
                # Four channels alike, without premultiplication: CMYK.
                plain = Image.frombytes("CMYK", image.size, image.tobytes()).resize((to_width, to_height), method)
                yield {"kind": kind, "width": width, "height": height, "to_width": to_width, "to_height": to_height, "filter": name,
                       "plain": hashed(np.array(plain)), "rgba": hashed(np.array(image.resize((to_width, to_height), method)))}


def boxed():
    for width, height, to_width, to_height, right, below in BOXES:
        image = Image.frombytes("CMYK", (width, height), ruled("noise", width, height).tobytes())
        result = image.resize((to_width, to_height), FILTERS["lanczos"], box=(0, 0, right, below))
        yield {"width": width, "height": height, "to_width": to_width, "to_height": to_height, "right": right, "below": below, "plain": hashed(np.array(result))}


def reduced():
    for width, height, across, down in FACTORS:
        image = Image.frombytes("CMYK", (width, height), ruled("noise", width, height).tobytes())
        yield {"width": width, "height": height, "across": across, "down": down, "plain": hashed(np.array(image.reduce((across, down))))}


def thumbnails():
    for width, height, most_width, most_height in THUMBNAILS:
        image = Image.new("L", (width, height))
        image.thumbnail((most_width, most_height), FILTERS["lanczos"])
        yield [width, height, most_width, most_height, *image.size]


def alphas():
    """Every colour with every alpha: colour x, alpha y."""
    y, x = np.mgrid[0:256, 0:256].astype(np.uint8)
    every = np.stack([x, x, x, y], axis=-1)
    multiplied = Image.fromarray(every).convert("RGBa")
    divided = Image.frombytes("RGBa", (256, 256), every.tobytes()).convert("RGBA")
    return {"premultiplied": hashed(np.frombuffer(multiplied.tobytes(), np.uint8)), "divided": hashed(np.array(divided))}


def greys():
    image = Image.fromarray(ruled("noise", 256, 256)[..., :3])
    assert np.array_equal(np.array(image.convert("L")), np.array(image.convert("I")))
    return hashed(np.array(image.convert("L")))


def edges():
    for width, height, low, high in EDGES:
        for kind in ("noise", "tissue"):
            grey = np.array(Image.fromarray(ruled(kind, width, height)[..., :3]).convert("L"))
            found = cv2.Canny(grey, low, high)
            yield {"kind": kind, "width": width, "height": height, "low": low, "high": high, "count": int((found > 0).sum()), "edges": hashed((found > 0).astype(np.uint8))}


def main():
    versions = {"Pillow": PIL.__version__, "OpenCV": cv2.__version__}
    fixture = {"versions": versions, "resized": list(resized()), "boxed": list(boxed()), "reduced": list(reduced()), "thumbnails": list(thumbnails()),
               "alphas": alphas(), "grey": greys(), "edges": list(edges())}
    lines = ",\n".join(f'"{name}": [\n' + ",\n".join(json.dumps(row) for row in value) + "]" if isinstance(value, list) else f'"{name}": {json.dumps(value)}'
                       for name, value in fixture.items())
    (pathlib.Path(sys.argv[1]) / "resampling.json").write_text("{" + lines + "}\n")


if __name__ == "__main__":
    main()

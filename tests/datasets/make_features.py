"""Feature files as h5py writes them, into fixtures/: layouts and float types that our own writer does not make.

Run with numpy and h5py. half_rounding.h5 holds the same numbers as float32 (`feats`) and as NumPy rounds them to
float16 (`expected`): random ones, ties between neighbours, subnormals and both ends of the range.
"""
from pathlib import Path

import h5py
import numpy as np

FOLDER = Path(__file__).parent / "fixtures"
RNG = np.random.default_rng(7)


def difficult_numbers():
    halves = np.unique(RNG.integers(0, 0x7BFF, 300).astype(np.uint16))
    halves = np.concatenate([halves, np.arange(4, dtype=np.uint16), [0x3FE, 0x3FF, 0x400, 0x7BFE]]).astype(np.uint16)
    low = halves.view(np.float16).astype(np.float64)
    high = (halves + 1).astype(np.uint16).view(np.float16).astype(np.float64)
    middle = ((low + high) / 2).astype(np.float32)
    x = np.concatenate([low, middle, np.nextafter(middle, np.float32(0)), np.nextafter(middle, np.float32(1e9)),
                        [65504, 65519.99, 2.0 ** -25, 1e-30, 0.1, 1 / 3]]).astype(np.float32)
    return np.concatenate([x, -x])


def write(name, feats, **attributes):
    with h5py.File(FOLDER / name, "w") as f:
        f["feats"] = feats
        f.attrs.update(attributes)


def main():
    x = difficult_numbers()
    x = x[: len(x) // 4 * 4].reshape(-1, 4)
    with h5py.File(FOLDER / "half_rounding.h5", "w") as f:
        f["feats"] = x
        f["expected"] = x.astype(np.float16)
    small = np.array([[0.5, -1.25, 3.0], [1e-7, 65504, -0.0]])
    write("float64.h5", small)
    write("big_endian.h5", small.astype(">f2"), extractor="ctranspath")
    with h5py.File(FOLDER / "compressed.h5", "w") as f:
        f.create_dataset("feats", data=small.astype(np.float16), chunks=(1, 3), compression="gzip")
        f.attrs["extractor"] = np.bytes_("ctranspath")  # fixed length
    write("too_large.h5", np.array([[1, 2, 3], [65519, -65519, 65520]], np.float32), extractor="ctranspath")
    write("integers.h5", np.zeros((2, 3), np.int32))
    write("flat.h5", np.zeros(3, np.float16))
    write("no_tiles.h5", np.zeros((0, 3), np.float16))
    write("slide_level.h5", np.zeros((1, 3), np.float32), encoder="titan", feat_type="slide")
    write("encoder_2_2.h5", np.zeros((1, 3), np.float32), encoder="chief")
    write("numeric_extractor.h5", small.astype(np.float16), extractor=7)
    with h5py.File(FOLDER / "lzf.h5", "w") as f:
        f.create_dataset("feats", data=np.repeat(small.astype(np.float16), 50, axis=0), chunks=(60, 3), compression="lzf",
                         shuffle=True)
    for name, dataset in (("patch_embeddings.h5", "patch_embeddings"), ("clam.h5", "features"), ("other.h5", "tokens")):
        with h5py.File(FOLDER / name, "w") as f:
            f[dataset] = small.astype(np.float32)
            f["coords"] = np.zeros((2, 2), np.float32)
            f["labels"] = np.zeros((2, 1), np.int64)
    with h5py.File(FOLDER / "no_feats.h5", "w") as f:
        f["coords"] = small
    with h5py.File(FOLDER / "two_candidates.h5", "w") as f:
        f["a"] = f["b"] = small
    with h5py.File(FOLDER / "feats_group.h5", "w") as f:
        f.create_group("feats")
    with h5py.File(FOLDER / "declared_only.h5", "w") as f:
        f.create_dataset("feats", (1000, 768), np.float16)
    with h5py.File(FOLDER / "huge_claim.h5", "w") as f:
        huge = f.create_dataset("feats", (1 << 31, 4096), np.float16, chunks=(1, 4096))
        huge[0] = 1


if __name__ == "__main__":
    main()

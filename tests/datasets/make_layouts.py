"""Feature files of every layout, written as the tools write them, into fixtures/layouts/, with what is in them.

Run with h5py and torch (h5py 3.16, torch 2.15). expected.json has for each file its rows and columns, its values as NumPy
rounds them to float16 (float64 of the file, `astype(float16)`, little-endian bytes in hex), or the words with which it
is refused. Layouts and attributes follow the sources of STAMP 1.0 to 2.5, TRIDENT 0.1 to 0.2, CLAM (2021 to 2024),
Slideflow 3.0 and marugoto 0.7; the numbers are random.
"""
import json
import warnings
from pathlib import Path

import h5py
import numpy as np
import torch

FOLDER = Path(__file__).parent / "fixtures" / "layouts"
RNG = np.random.default_rng(19)
N, D = 5, 7
CTRANSPATH = "xiyuewang-ctranspath-7c998680"
EXPECTED = {}


def numbers(*shape):
    """Numbers that rounding to float16 changes: some subnormal, some ties."""
    x = RNG.standard_normal(shape)
    flat = x.reshape(-1)
    flat[::5] *= 1e-6
    flat[1::5] = 1 + 2.0 ** -11 * RNG.integers(1, 9, flat[1::5].shape)
    return x


def expect(name, values, level, geometry="", tool="", extractor=""):
    rows = np.asarray(values, np.float64)
    rows = rows.reshape(-1, rows.shape[-1]) if rows.size else np.zeros((0, rows.shape[-1]))
    EXPECTED[name] = {"tiles": rows.shape[0], "width": rows.shape[1], "level": level, "geometry": geometry, "tool": tool,
                      "extractor": extractor, "values": rows.astype("<f2").tobytes().hex()}


def read_back(name, dataset):
    with h5py.File(FOLDER / name, "r") as f:
        return f[dataset][()].astype(np.float64)


def hdf5(name, datasets, attributes=None, chunks=False, on=None):
    """`chunks`: one row each, growing, as TRIDENT and CLAM make them. `on`: attributes by dataset."""
    with h5py.File(FOLDER / name, "w") as f:
        for key, value in datasets.items():
            if chunks and value.ndim > 0:
                f.create_dataset(key, shape=value.shape, maxshape=(None,) + value.shape[1:],
                                 chunks=(1,) + value.shape[1:] if value.ndim > 1 else (1,), dtype=value.dtype)
                f[key][...] = value
            else:
                f[key] = value
            for attribute, said in (on or {}).get(key, {}).items():
                f[key].attrs[attribute] = said
        f.attrs.update(attributes or {})


def stamp():
    coords = np.arange(2 * N).reshape(N, 2)
    of_version_1 = {"extractor": f"STAMP-extract-001_01-10-2023_{CTRANSPATH}"}
    versions = {
        "stamp_1_0.h5": (of_version_1, "", "STAMP 001"),
        "stamp_1_1.h5": ({"extractor": f"STAMP-extract-1.1.1_01-07-2024_{CTRANSPATH}"}, "", "STAMP 1.1.1"),
        "stamp_2_0.h5": ({"extractor": f"{CTRANSPATH}-0123abcd", "unit": "um", "tile_size": 256.0,
                          "stamp_version": "2.0.0"}, "256 um", "STAMP 2.0.0"),
        "stamp_2_1.h5": ({"extractor": f"{CTRANSPATH}-0123abcd", "unit": "um", "tile_size_um": 256.0,
                          "tile_size_px": 224, "stamp_version": "2.1.0"}, "256 um in 224 px (1.143 um/px)",
                         "STAMP 2.1.0"),
        "stamp_2_5.h5": ({"extractor": "ctranspath", "unit": "um", "tile_size_um": 112.0, "tile_size_px": 224,
                          "stamp_version": "2.5.0", "code_hash": "0123abcd", "feat_type": "tile"},
                         "112 um in 224 px (0.5 um/px)", "STAMP 2.5.0"),
    }
    for name, (attributes, geometry, tool) in versions.items():
        datasets = {"feats": numbers(N, D).astype(np.float16), "coords": coords.astype(np.float32)}
        if name.startswith("stamp_1"):
            datasets |= {"coords": coords, "augmented": np.zeros(N, bool)}
        hdf5(name, datasets, attributes)
        expect(name, read_back(name, "feats"), "tile", geometry, tool, "ctranspath")
    hdf5("stamp_kronos.h5", {"patch_embeddings": numbers(N, D).astype(np.float32)},
         {"extractor": "kronos", "stamp_version": "2.4.0", "feat_type": "tile"})
    expect("stamp_kronos.h5", read_back("stamp_kronos.h5", "patch_embeddings"), "tile", "", "STAMP 2.4.0", "kronos")


def stamp_embeddings():
    said = {"version": "2.3.0", "encoder": "titan", "precision": "torch.float32", "stamp_version": "2.3.0"}
    for name, shape, attributes, level in (
            ("stamp_slide.h5", (1, D), said | {"feat_type": "slide"}, "slide"),
            ("stamp_patient.h5", (D,), said | {"feat_type": "patient"}, "patient"),
            ("stamp_2_2_slide.h5", (1, D), {**said, "stamp_version": "2.2.0"}, "embedding")):
        hdf5(name, {"feats": numbers(*shape).astype(np.float32)}, attributes)
        expect(name, read_back(name, "feats"), level, "", "STAMP " + attributes["stamp_version"], "titan")


def trident():
    coords = np.arange(2 * N, dtype=np.int64).reshape(N, 2)
    said = {"patch_size": 256, "patch_size_level0": 512, "level0_magnification": 40, "target_magnification": 20,
            "overlap": 0, "name": "slide", "savetodir": "out", "level0_width": 4096, "level0_height": 4096}
    of_features = {"name": "slide", "savetodir": "out", "encoder": "uni_v1"}
    cut = "256 px at 20x (nominally 128 um, 0.5 um/px)"
    for name, features in (("trident.h5", numbers(N, D).astype(np.float32)),
                           ("trident_half.h5", numbers(N, D).astype(np.float16)),
                           ("trident_batch.h5", numbers(1, N, D).astype(np.float32)),
                           ("trident_empty.h5", np.zeros((0, D), np.float32))):
        at = coords[: features.shape[-2]]
        hdf5(name, {"features": features, "coords": at}, chunks=True, on={"coords": said, "features": of_features})
        expect(name, read_back(name, "features"), "tile", cut, "TRIDENT", "uni")
    hdf5("trident_old.h5", {"features": numbers(1, D).astype(np.float32), "coords": coords[:1]}, chunks=True,
         on={"coords": said | {"patch_size": 512}, "features": {"name": "slide", "savetodir": "out", "encoder": "None"}})
    expect("trident_old.h5", read_back("trident_old.h5", "features"), "row",
           "512 px at 20x (nominally 256 um, 0.5 um/px)", "TRIDENT")
    for name, shape in (("trident_slide.h5", (D,)), ("trident_slide_row.h5", (1, D))):
        hdf5(name, {"features": numbers(*shape).astype(np.float32), "coords": coords}, chunks=True,
             on={"coords": said, "features": {"name": "slide", "savetodir": "out"}})
        expect(name, read_back(name, "features"), "embedding", cut, "TRIDENT")
    hdf5("trident_slide_empty.h5", {"features": np.zeros(0, np.float32), "coords": coords[:0]}, chunks=True,
         on={"coords": said, "features": {"name": "slide", "savetodir": "out"}})
    expect("trident_slide_empty.h5", np.zeros((0, 0)), "embedding", cut, "TRIDENT")


def clam():
    coords = np.arange(2 * N, dtype=np.int32).reshape(N, 2)
    on = {"coords": {"patch_size": 256, "patch_level": 1, "downsample": np.array([4.0, 4.0]),
                     "downsampled_level_dim": np.array([1024, 1024]), "level_dim": np.array([4096, 4096]),
                     "name": "slide", "save_path": "out"}}
    for name, said, cut in (("clam_fp.h5", {}, ""), ("clam_coords.h5", on, "256 px of level 1")):
        hdf5(name, {"features": numbers(N, D).astype(np.float32), "coords": coords}, chunks=True, on=said)
        expect(name, read_back(name, "features"), "tile", cut, "CLAM" if cut else "")
    pytorch("clam.pt", torch.from_numpy(numbers(N, D)).float(), "tile")


def marugoto():
    hdf5("marugoto.h5", {"coords": np.arange(2 * N).reshape(N, 2), "feats": numbers(N, D).astype(np.float16),
                         "augmented": np.zeros(N, bool)}, {"extractor": f"marugoto-extract-v0.7.0_{CTRANSPATH}"})
    expect("marugoto.h5", read_back("marugoto.h5", "feats"), "tile", "", "marugoto 0.7.0", "ctranspath")


def pytorch(name, tensor, level, geometry="", tool="", extractor="", saved=None):
    (FOLDER / name).parent.mkdir(exist_ok=True)
    torch.save(tensor if saved is None else saved, FOLDER / name)
    expect(name, tensor.detach().double().numpy(), level, geometry, tool, extractor)


def tensors():
    x = torch.from_numpy(numbers(N, D))
    pytorch("half.pt", x.half(), "tile")
    pytorch("bfloat16.pt", x.bfloat16(), "tile")
    pytorch("double.pt", x, "tile")
    pytorch("parameter.pt", torch.nn.Parameter(x.float()), "tile")
    pytorch("transposed.pt", torch.from_numpy(numbers(D, N)).float().t(), "tile")
    pytorch("view.pt", torch.from_numpy(numbers(3 * N, 2 * D)).half()[2:2 + 2 * N:2, 3:3 + D], "tile")
    pytorch("batch.pt", x.float()[None], "tile")
    pytorch("embedding.pt", x.float()[0], "embedding")
    pytorch("row.pt", x.float()[:1], "row")
    pytorch("empty.pt", x.float()[:0], "tile")
    others = {"coords": torch.arange(2 * N).reshape(N, 2), "slide": "a", "mpp": 0.5, "levels": [1, 2.5, None],
              "size": (256, 256), "overlap": False}
    features = x.bfloat16()
    pytorch("dict.pt", features, "tile", saved={"features": features, **others})
    pytorch("dict_of_one.pt", x.float(), "tile", saved={"tokens": x.float(), **others})


def slideflow():
    folder = FOLDER / "slideflow"
    pytorch("slideflow/slide.pt", torch.from_numpy(numbers(N, D)).float(), "tile", "302 um in 299 px (1.01 um/px)",
            "Slideflow", "ctranspath")
    np.savez(folder / "slide.index.npz", np.arange(2 * N).reshape(N, 2))
    said = {"extractor": {"class": "slideflow.model.extractors.ctranspath.CTransPathFeatures",
                          "kwargs": {"center_crop": True}},
            "normalizer": None, "num_features": D, "tile_px": 299, "tile_um": 302}
    (folder / "bags_config.json").write_text(json.dumps(said, indent=1) + "\n")


def refused():
    x = torch.from_numpy(numbers(N, D)).float()
    cases = {
        "refused_before_1_6.pt": (x, "the format of PyTorch before 1.6"),
        "refused_module.pt": (torch.nn.Linear(2, 2), "an object made by 'torch.nn.modules.linear.Linear'"),
        "refused_numpy.pt": (x.numpy(), "an object made by 'numpy"),
        "refused_integers.pt": (torch.arange(6).reshape(2, 3), "a tensor of LongStorage"),
        "refused_expanded.pt": (x[:1].expand(1 << 30, D), "has more values than it stores"),
        "refused_two.pt": ({"a": x, "b": x + 1}, "several others of floats"),
        "refused_list.pt": ([x, x], "holds a list"),
        "refused_four.pt": (x[None, None], "has no rows and columns"),
    }
    for name, (thing, words) in cases.items():
        torch.save(thing, FOLDER / name, _use_new_zipfile_serialization="before" not in name)
        EXPECTED[name] = {"refused": words}
    hdf5("refused_slides.h5", {"feats": numbers(2, D)}, {"feat_type": "slide", "encoder": "titan"})
    EXPECTED["refused_slides.h5"] = {"refused": "an embedding of a slide or patient with several rows"}
    hdf5("refused_type.h5", {"feats": numbers(2, D)}, {"feat_type": "cell"})
    EXPECTED["refused_type.h5"] = {"refused": "features of type 'cell'"}


def main():
    warnings.filterwarnings("ignore")
    FOLDER.mkdir(parents=True, exist_ok=True)
    for make in (stamp, stamp_embeddings, trident, clam, marugoto, tensors, slideflow, refused):
        make()
    text = json.dumps(EXPECTED, indent=1, sort_keys=True)
    (FOLDER / "expected.json").write_text(text + "\n")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Makes every fixture of this folder again and compares it with what is committed: `make oracle`.

Text and integers must be equal, numbers agree to 1e-9 relative (or to 1e-12 absolute, near zero): libraries use other
instructions on other processors. What an iterative solver found, and rounding errors themselves, have tolerances of their
own (LOOSE). Prints a line a fixture; exits 1 if one differs. `remake.py --write` keeps what was made.
Usage: remake.py [--write] [NAME...]
"""
import argparse
import json
import math
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile

HERE = pathlib.Path(__file__).parent
FIXTURES = HERE / "fixtures"
GENERATORS = {
    "table_replicates": ["table_replicates.json"],
    "delong": ["delong.json"],
    "comparisons": ["comparisons.json"],
    "cell_statistics": ["statistics.json"],
    "streams_fixture": ["streams.json"],
    "folds": ["folds.json"],
    "grouped_folds": ["grouped_folds.json"],
    "balancers": ["aggregation.json", "weighting.json"],
    "optimiser": ["optimiser.json"],
    "model": ["model.json", "model.f64"],
    "whole_run": ["whole_run.json"],
    "workbooks": ["workbooks.json", *(f"workbook_{w}.xlsx" for w in ("cells", "1904", "strict", "clinical", "slides", "libreoffice"))],
    "ctranspath": ["ctranspath.json"],
    "modules": ["module.pt", "module.json"],
    "weights": ["pytorch_state_dict.pt", "weights.json"],
    "resampling": ["resampling.json"],
    "tiling": ["tiling.json"],
}
# Fields by name: tolerance relative to the field's largest number.
LOOSE = {"cagrad": 1e-4, "cagrad_written_out": 1e-6, "cagrad_released": 1e-6, "float32": 10.0, "tile_features": 1e-9, "mixedlm": 1e-6}


def largest_difference(a, b, where="", absolute=1e-12, relative=1e-9):
    """Of numbers in two JSON values, in units of the tolerance; raises ValueError where they differ otherwise."""
    if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        return max((largest_difference(a[k], b[k], f"{where}.{k}", *tolerance(k, a[k])) for k in a), default=0)
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        pairs = enumerate(zip(a, b))
        return max((largest_difference(x, y, f"{where}[{i}]", absolute, relative) for i, (x, y) in pairs), default=0)
    if type(a) is type(b) and (a == b or a != a and b != b):
        return 0
    if isinstance(a, float) and isinstance(b, float) and math.isfinite(a) and math.isfinite(b):
        return abs(a - b) / max(absolute, relative * abs(a))
    raise ValueError(f"{where or 'the whole'}: {str(a)[:80]} became {str(b)[:80]}")


def tolerance(field, value):
    if field not in LOOSE or value is None:
        return 1e-12, 1e-9
    numbers = value if isinstance(value, list) else [value]
    return max(1e-12, LOOSE[field] * max(map(abs, numbers))), 0.0


def doubles(path):
    data = path.read_bytes()
    return list(struct.unpack(f"<{len(data) // 8}d", data))


def tensors(path):
    import torch
    with zipfile.ZipFile(path) as archive:
        if any(n.endswith("/constants.pkl") for n in archive.namelist()):  # TorchScript
            return [p.double().flatten().tolist() for p in torch.jit.load(path).code_with_constants[1].const_mapping.values()]
    return {name: t.double().flatten().tolist() for name, t in torch.load(path, weights_only=True).items()}


# docProps has the time at which a workbook was made.
def members(path):
    with zipfile.ZipFile(path) as archive:
        return {n: archive.read(n).decode("latin-1") for n in archive.namelist() if not n.startswith("docProps/")}


READERS = {".json": lambda p: json.loads(p.read_text()), ".f64": doubles, ".pt": tensors, ".xlsx": members}


def compare(name, made):
    committed = FIXTURES / name
    if not committed.exists():
        return "is not committed"
    read = READERS[committed.suffix]
    try:
        difference = largest_difference(read(committed), read(made))
    except ValueError as error:
        return str(error)
    return None if difference <= 1 else f"numbers differ by {difference:.3g} times the tolerance"


def main():
    parser = argparse.ArgumentParser(description="Make every oracle fixture again and compare it with the committed one.")
    parser.add_argument("--write", action="store_true", help="replace the committed fixtures by what was made")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"generators (default: all): {', '.join(GENERATORS)}")
    options = parser.parse_args()
    unknown = set(options.names) - GENERATORS.keys()
    if unknown:
        parser.error(f"no such generator: {', '.join(sorted(unknown))}")
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for generator in options.names or GENERATORS:
            subprocess.run([sys.executable, HERE / f"{generator}.py", folder], check=True)
            for name in GENERATORS[generator]:
                made = pathlib.Path(folder) / name
                difference = compare(name, made)
                wrong += difference is not None
                print(f"{name}: {difference or 'as committed'}")
                if options.write:
                    shutil.copy(made, FIXTURES / name)
    return 1 if wrong and not options.write else 0


if __name__ == "__main__":
    sys.exit(main())

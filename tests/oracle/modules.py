#!/usr/bin/env python3
"""A small network as TorchScript, and its features by PyTorch, for tests/trainer/extractors/module_extractor_test.cpp:
module.pt, module.json.

Random weights (convolution, batch norm, mean, linear layer), tiles of 16 pixels a side. Usage: modules.py OUT
"""
import io
import json
import pathlib
import sys
import zipfile

import numpy as np
import torch
from torch import nn

SIDE, WIDTH = 16, 5
MEAN, DEVIATION = (0.5, 0.4, 0.6), (0.2, 0.25, 0.3)


def network():
    torch.manual_seed(20)
    model = nn.Sequential(nn.Conv2d(3, 6, 3, stride=2), nn.BatchNorm2d(6), nn.GELU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                          nn.Linear(6, WIDTH))
    model[1].running_mean.uniform_(-0.2, 0.2)
    model[1].running_var.uniform_(0.5, 1.5)
    return model.eval()


def save(module, file):
    """Without what says where PyTorch is installed, and without times."""
    whole = io.BytesIO()
    torch.jit.save(module, whole)
    with zipfile.ZipFile(whole) as made, zipfile.ZipFile(file, "w") as out:
        for name in made.namelist():
            if not name.endswith((".debug_pkl", "serialization_id")):
                out.writestr(zipfile.ZipInfo(name), made.read(name))


def main():
    out = pathlib.Path(sys.argv[1])
    model = network()
    tiles = np.random.default_rng(20).integers(0, 256, (3, SIDE, SIDE, 3), dtype=np.uint8)
    mean, deviation = (np.array(v).reshape(3, 1, 1) for v in (MEAN, DEVIATION))
    x = torch.from_numpy((tiles.transpose(0, 3, 1, 2) / 255 - mean) / deviation)
    save(torch.jit.freeze(torch.jit.script(model)), out / "module.pt")
    with torch.inference_mode():
        features = model.double()(x)
    found = {"input": SIDE, "output": WIDTH, "mean": MEAN, "standard_deviation": DEVIATION,
             "tiles": tiles.flatten().tolist(), "features": [round(v, 10) for v in features.flatten().tolist()]}
    (out / "module.json").write_text(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()

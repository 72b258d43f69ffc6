#!/usr/bin/env python3
"""CTransPath by PyTorch's own modules, for tests/trainer/extractors/ctranspath_test.cpp: ctranspath.json.

The network is written from its description: a stem of three convolutions, then Swin-T (Liu et al., ICCV 2021) with windows
of 7 x 7, in float64. Weights and three tiles are by rule (tests/trainer/extractors/rule_weights.cpp has the same rule).
`bench_extractor.py` uses the network as its yardstick. Usage: ctranspath.py OUT
"""
import json
import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

SIDE, WINDOW, SHIFT = 224, 7, 3
DIGITS = 9  # of the features: the test's tolerance is 1e-8


def windows(x):
    """[n, side, side, C] to [n * windows, 49, C]."""
    n, side, _, c = x.shape
    x = x.view(n, side // WINDOW, WINDOW, side // WINDOW, WINDOW, c)
    return x.transpose(2, 3).reshape(-1, WINDOW * WINDOW, c)


def unwindowed(x, n, side):
    count, c = side // WINDOW, x.shape[-1]
    return x.view(n, count, count, WINDOW, WINDOW, c).transpose(2, 3).reshape(n, side, side, c)


def position_index():
    at = torch.stack(torch.meshgrid(torch.arange(WINDOW), torch.arange(WINDOW), indexing="ij"), -1).view(-1, 2)
    apart = at[:, None] - at[None] + WINDOW - 1  # [49, 49, 2]
    return apart[..., 0] * (2 * WINDOW - 1) + apart[..., 1]


def shift_mask(side):
    """[windows, 49, 49]: -100 between tokens of a window that were not neighbours before the shift."""
    strip = torch.zeros(side, dtype=torch.long)
    strip[-WINDOW:-SHIFT], strip[-SHIFT:] = 1, 2
    region = windows((3 * strip[:, None] + strip[None]).view(1, side, side, 1)).squeeze(-1)
    return torch.where(region[:, :, None] == region[:, None], 0.0, -100.0)


class Attention(nn.Module):
    def __init__(self, width, heads, mask):
        super().__init__()
        self.heads = heads
        self.relative_position_bias_table = nn.Parameter(torch.zeros((2 * WINDOW - 1) ** 2, heads))
        self.register_buffer("index", position_index(), persistent=False)
        self.register_buffer("mask", mask, persistent=False)
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x):  # [n * windows, 49, C]
        count, tokens, width = x.shape
        q, k, v = self.qkv(x).view(count, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        bias = self.relative_position_bias_table[self.index].permute(2, 0, 1)[None]
        if self.mask is not None:
            bias = (bias + self.mask[:, None].to(bias.dtype)).repeat(count // len(self.mask), 1, 1, 1)
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=bias.expand(count, -1, -1, -1))
        return self.proj(out.transpose(1, 2).reshape(count, tokens, width))


class Mlp(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class Block(nn.Module):
    def __init__(self, width, heads, side, shifted):
        super().__init__()
        self.shift = SHIFT if shifted and side > WINDOW else 0
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = Attention(width, heads, shift_mask(side) if self.shift else None)
        self.mlp = Mlp(width)

    def forward(self, x):  # [n, side, side, C]
        y = torch.roll(self.norm1(x), (-self.shift, -self.shift), (1, 2)) if self.shift else self.norm1(x)
        y = unwindowed(self.attn(windows(y)), x.shape[0], x.shape[1])
        x = x + (torch.roll(y, (self.shift, self.shift), (1, 2)) if self.shift else y)
        return x + self.mlp(self.norm2(x))


class Merging(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm, self.reduction = nn.LayerNorm(4 * width), nn.Linear(4 * width, 2 * width, bias=False)

    def forward(self, x):
        corners = [x[:, row::2, column::2] for column in (0, 1) for row in (0, 1)]
        return self.reduction(self.norm(torch.cat(corners, -1)))


class Stage(nn.Module):
    def __init__(self, width, heads, side, depth, merged):
        super().__init__()
        self.blocks = nn.ModuleList(Block(width, heads, side, i % 2 == 1) for i in range(depth))
        self.downsample = Merging(width) if merged else nn.Identity()

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return self.downsample(x)


class Stem(nn.Module):
    def __init__(self):
        super().__init__()
        parts = []
        for inputs, outputs in ((3, 12), (12, 24)):
            parts += [nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
        self.proj = nn.Sequential(*parts, nn.Conv2d(24, 96, 1))
        self.norm = nn.LayerNorm(96)

    def forward(self, x):
        return self.norm(self.proj(x).permute(0, 2, 3, 1))


class Ctranspath(nn.Module):
    """Features [n, 768] of normalised tiles [n, 3, 224, 224]; names of parameters as in the published file."""

    def __init__(self):
        super().__init__()
        self.patch_embed = Stem()
        depths = (2, 2, 6, 2)
        self.layers = nn.Sequential(*(Stage(96 << i, 3 << i, 56 >> i, depth, i < 3) for i, depth in enumerate(depths)))
        self.norm = nn.LayerNorm(768)

    def forward(self, x):
        return self.norm(self.layers(self.patch_embed(x))).flatten(1, 2).mean(1)


def rule(name, shape, k):
    count = int(np.prod(shape))
    x = (np.arange(count, dtype=np.uint64) * 2654435761 + k * 40503 + 12345) & 0xFFFFFFFF
    x = ((x ^ (x >> 15)) * 2246822519) & 0xFFFFFFFF
    x = ((x ^ (x >> 13)) * 3266489917) & 0xFFFFFFFF
    v = (x ^ (x >> 16)) / 2.0**32 - 0.5
    if name.endswith("running_var") or (len(shape) == 1 and name.endswith(".weight")):
        v = 1 + 0.2 * v
    elif name.endswith((".bias", "running_mean")):
        v = 0.2 * v
    elif name.endswith("relative_position_bias_table"):
        v = 0.5 * v
    else:
        v = 2 * v * np.sqrt(3 / (count / shape[0]))
    return torch.from_numpy(v.astype(np.float32).reshape(shape))  # as a file has them


def rule_weights(model):
    names = sorted(n for n in model.state_dict() if not n.endswith("num_batches_tracked"))
    shapes = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    return {name: rule(name, shapes[name], k) for k, name in enumerate(names)}


def rule_tiles():
    y, x, c = np.mgrid[:SIDE, :SIDE, :3]
    return np.stack([(7 * x + 13 * y + 29 * c + x * y % 31 + 57 * s) % 256 if s < 2 else 0 * x + 200
                     for s in range(3)]).astype(np.uint8)


def normalised(tiles, dtype):
    x = torch.from_numpy(tiles).permute(0, 3, 1, 2).to(dtype) / 255
    # In float32, as torchvision has them.
    mean, deviation = (torch.tensor(v).to(dtype).view(3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    return (x - mean) / deviation


def main():
    model = Ctranspath().double().eval()
    model.load_state_dict(rule_weights(model), strict=False)
    with torch.inference_mode():
        features = model(normalised(rule_tiles(), torch.float64))
    numbers = [round(v, DIGITS) for v in features.flatten().tolist()]
    out = pathlib.Path(sys.argv[1]) / "ctranspath.json"
    out.write_text(json.dumps({"torch": torch.__version__.split("+")[0], "tile_features": numbers}) + "\n")


if __name__ == "__main__":
    main()

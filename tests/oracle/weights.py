#!/usr/bin/env python3
"""Weights saved by PyTorch, and what its modules predict with them, for state_dict_test.cpp and test_weights.py.

Writes pytorch_state_dict.pt, the state dict of the reference module (EncDec) as torch.save writes it, and weights.json: bags with
the module's outputs in float64 (dropout off), and small files of torch.save in base64: one of every kind of tensor that
must be read, with its values, and others that must be refused. Usage: weights.py OUT
"""
import base64
import collections
import io
import json
import pathlib
import sys
from importlib.metadata import version

import torch

from encdec import EncDec

SEED = 20241006
LABEL, AUXILIARY = "isMSIH", "LF"
NETWORK = {"d_model": 12, "heads": 3, "ff": 20, "encoder_layers": 2, "decoder_layers": 2}
SMALL = {"d_model": 4, "heads": 2, "ff": 3, "encoder_layers": 1, "decoder_layers": 1}
WIDTH, SMALL_WIDTH = 7, 3
KINDS = (torch.float32, torch.float64, torch.float16, torch.bfloat16)


def network(width, sizes):
    model = EncDec(width, *sizes.values(), LABEL, AUXILIARY)
    with torch.no_grad():
        for p in model.parameters():  # not initial values: no two layers alike, no term that vanishes
            p.copy_(torch.randn_like(p) * 0.4)
    return model.eval()


def outputs(model, bag, joint):
    with torch.no_grad():
        z, logits, regression = model(bag, joint)
    return {"joint": joint, "score": torch.softmax(logits[0], 0)[1].item(), "log_odds": (logits[0, 1] - logits[0, 0]).item(),
            "regression": regression.item() if joint else None, "embedding": z[0, 0].tolist()}


def cases(model):
    double = EncDec(WIDTH, *NETWORK.values(), LABEL, AUXILIARY).double().eval()
    double.load_state_dict(model.state_dict())
    out = []
    for tiles in (1, 2, 19):
        bag = torch.randn(tiles, WIDTH).half()  # as feature files have it
        out.append({"bag": bag.double().tolist(), "outputs": [outputs(double, bag.double(), j) for j in (True, False)]})
    return out


def strided(t):
    """The same values in a storage that has others too, and columns first."""
    room = torch.full((t.numel() + 5,), 7.0, dtype=t.dtype)
    view = room[3:3 + t.numel()].view(t.shape[::-1]).permute(*range(t.dim() - 1, -1, -1))
    return view.copy_(t)


def mixed(model):
    """Any order, types, strides and parameters; the biases of one layer share a storage."""
    items = [(n, strided(p.detach().to(KINDS[i % 4]))) for i, (n, p) in enumerate(model.named_parameters())]
    state = dict(reversed(items))
    shared = torch.arange(8.0)
    state["transformer_encoder.layers.0.norm1.weight"] = shared[:4]
    state["transformer_encoder.layers.0.norm1.bias"] = shared[1:8:2]
    state["transformer_encoder.layers.0.norm2.bias"] = shared[5:6].expand(4)
    state["projector.0.bias"] = torch.nn.Parameter(state["projector.0.bias"])
    return state


def wrong(model):
    """Every fault that a readable file can have."""
    state = model.state_dict()
    del state["projector.0.bias"]
    state["extra.weight"] = torch.zeros(2)
    state["projector.0.weight"] = state["projector.0.weight"].T.contiguous()
    state["transformer_encoder.layers.0.norm1.weight"] = torch.arange(4)
    state["transformer_encoder.layers.0.norm1.bias"] = torch.tensor([0, float("nan"), 1, float("inf")])
    state["transformer_encoder.layers.0.norm2.bias"] = "text"
    return state


def other_pair(model):
    return collections.OrderedDict((n.replace("." + LABEL, ".isHRD"), t) for n, t in model.state_dict().items())


def saved(thing, **options):
    buffer = io.BytesIO()
    torch.save(thing, buffer, **options)
    return base64.b64encode(buffer.getvalue()).decode()


def main(out):
    torch.manual_seed(SEED)
    folder = pathlib.Path(out)
    model, small = network(WIDTH, NETWORK), network(SMALL_WIDTH, SMALL)
    torch.save(model.state_dict(), folder / "pytorch_state_dict.pt")
    with torch.no_grad():
        many = mixed(small)
    document = {
        "versions": {"torch": version("torch")}, "seed": SEED, "label": LABEL, "auxiliary": AUXILIARY,
        "model": dict(NETWORK, dropout=0.0), "width": WIDTH, "cases": cases(model),
        "small_model": dict(SMALL, dropout=0.0), "small_width": SMALL_WIDTH,
        "small_values": {n: t.detach().double().flatten().tolist() for n, t in many.items()},
        "files": {
            "mixed": saved(many), "mixed_protocol_4": saved(many, pickle_protocol=4), "wrong": saved(wrong(small)),
            "other_pair": saved(other_pair(small)), "module": saved(torch.nn.Linear(1, 1)),
            "checkpoint": saved({"epoch": 3, "model": {"weight": torch.zeros(1)}}), "tensor": saved(torch.zeros(1)),
            "optimizer": saved(torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], 0.1).state_dict()),
            # Its front alone: the rest has addresses, which differ from run to run.
            "legacy": saved({"weight": torch.zeros(1)}, _use_new_zipfile_serialization=False)[:40],
        },
    }
    (folder / "weights.json").write_text(json.dumps(document) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])

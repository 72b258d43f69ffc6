#!/usr/bin/env python3
"""The network by PyTorch's own modules, for model_test.cpp and model_oracle_test.cpp: model.json, model.f64.

All in float64. Doubles lie in model.f64 (little-endian) in the order of the JSON's cases.
  cases         a small network with random weights (no two layers alike): decoded tokens, logits, losses and every
                parameter's gradient of each loss, without dropout, bags of 1 to 1,000 tiles, joint and baseline
  dropout       the same under given masks: PyTorch's modules in training mode, with torch.nn.functional's dropout and
                scaled_dot_product_attention replaced by ones that take the next mask of a list. The list's order is the
                modules' own, so a mask in a wrong place, or scaled wrongly, changes the numbers. Masks: streams.py
  expectation   mean and standard deviation of the outputs over many masks that PyTorch drew itself
  wide          the paper's sizes with weights out of a hash: outputs, and of each parameter's gradient its length and
                its product with another hash vector
  initial       quantiles of every parameter's initial values over 20 seeds, or its constant
`float32` in a case is how far PyTorch's own float32 is from its float64: |difference| / max(1, largest |value|) of all
outputs and gradients. Usage: model.py OUT
"""
import json
import pathlib
import sys
from importlib.metadata import version

import numpy as np
import torch
import torch.nn.functional as F

from encdec import EncDec
from streams import Stream

SEED = 20240308
SMALL = {"d_model": 12, "heads": 3, "ff": 20, "encoder_layers": 2, "decoder_layers": 2}
WIDTH = 7
DROPOUT = 0.2
NUMBERS = []


def keep(*tensors):
    NUMBERS.extend(t.detach().double().reshape(-1) for t in tensors)


def small(dropout=0.0):
    return EncDec(WIDTH, SMALL["d_model"], SMALL["heads"], SMALL["ff"], dropout=dropout)


def losses_of(model, bag, joint, label, target):
    z, logits, regression = model(bag, joint)
    losses = [F.cross_entropy(logits, torch.tensor([label]))]
    if joint:
        losses.append(F.mse_loss(regression, torch.tensor([[target]], dtype=bag.dtype)))
    return z, logits, torch.stack(losses)


def gradients(losses, parameters):
    """[K, P]; zero where a loss does not depend on a parameter."""
    rows = []
    for loss in losses:
        grads = torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)
        rows.append(torch.cat([torch.zeros_like(p).reshape(-1) if g is None else g.reshape(-1)
                               for p, g in zip(parameters, grads)]))
    return torch.stack(rows)


def everything(model, bag, joint, label, target):
    z, logits, losses = losses_of(model, bag, joint, label, target)
    return [z, logits, losses, gradients(losses, list(model.parameters()))]


def distance(a, b):
    return max(((x - y).abs().max() / max(1, y.abs().max())).item() for x, y in zip(a, b))


def plain_cases(model):
    single = small().float().eval()
    single.load_state_dict(model.state_dict())
    made = []
    for tiles in (1, 2, 7, 100, 1000):
        for joint in (True, False):
            bag = torch.randn(tiles, WIDTH, dtype=torch.float64)
            label, target = tiles % 2, 0.25 * (tiles % 9)
            found = everything(model, bag, joint, label, target)
            in_float = everything(single, bag.float(), joint, label, target)
            keep(bag, *found)
            made.append({"tiles": tiles, "joint": joint, "label": label, "target": target,
                         "float32": distance([x.double() for x in in_float], found)})
    return made


class GivenMasks:
    """torch.nn.functional's dropout and attention with masks taken from a list, within a `with`."""

    def __init__(self, masks):
        self.masks = iter(masks)

    def take(self, shape):
        mask = next(self.masks)
        assert mask.shape == shape, (mask.shape, shape)
        return mask

    def dropout(self, x, p=0.5, training=True, inplace=False):
        assert training and p == DROPOUT
        return x * self.take(x.shape[1:])

    def attention(self, q, k, v, attn_mask=None, dropout_p=0.0, is_causal=False):
        assert attn_mask is None and not is_causal and dropout_p == DROPOUT
        weights = torch.softmax(q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5, -1)
        return (weights * self.take(weights.shape[1:])) @ v

    def __enter__(self):
        self.originals = F.dropout, F.scaled_dot_product_attention
        F.dropout, F.scaled_dot_product_attention = self.dropout, self.attention

    def __exit__(self, *error):
        F.dropout, F.scaled_dot_product_attention = self.originals
        if error[0] is None:
            assert next(self.masks, None) is None, "more masks than places"


# Places of trainer/kernels/dropout.h.
WEIGHTS, ATTENTION, INNER, OUTER, CROSS_WEIGHTS, CROSS_ATTENTION = range(6)


def masks(stream, tiles, tokens):
    """The masks of one pass in the order in which PyTorch's modules ask for them."""
    d, heads, ff = SMALL["d_model"], SMALL["heads"], SMALL["ff"]

    def draw(place, *shape):
        values = stream.child(place).fill_dropout(int(np.prod(shape)), DROPOUT)
        return torch.tensor(values, dtype=torch.float64).reshape(shape)

    def encoder(layer, kind, *shape):
        return draw(16 * layer + kind, *shape)

    def decoder(layer, kind, *shape):
        return torch.stack([draw(4096 + 32 * layer + 2 * kind + t, *shape) for t in range(tokens)])

    made = []
    for layer in range(SMALL["encoder_layers"]):
        made += [encoder(layer, WEIGHTS, heads, tiles, tiles), encoder(layer, ATTENTION, tiles, d),
                 encoder(layer, INNER, tiles, ff), encoder(layer, OUTER, tiles, d)]
    for layer in range(SMALL["decoder_layers"]):
        made += [decoder(layer, WEIGHTS, heads, 2)[:, :, :tokens].transpose(0, 1), decoder(layer, ATTENTION, d),
                 decoder(layer, CROSS_WEIGHTS, heads, tiles).transpose(0, 1), decoder(layer, CROSS_ATTENTION, d),
                 decoder(layer, INNER, ff), decoder(layer, OUTER, d)]
    return made


def dropout_cases(model):
    model.train()
    made = []
    for tiles in (1, 7, 20):
        for joint in (True, False):
            bag = torch.randn(tiles, WIDTH, dtype=torch.float64)
            with GivenMasks(masks(Stream(SEED, f"dropout/{tiles}"), tiles, 2 if joint else 1)):
                found = everything(model, bag, joint, 1, 0.5)
            keep(bag, *found)
            made.append({"tiles": tiles, "joint": joint, "label": 1, "target": 0.5})
    model.eval()
    return made


def expectation(model, rounds=50, batch=2000):
    """Of logits and regression over masks that PyTorch draws."""
    model.train()
    bag = torch.randn(7, WIDTH, dtype=torch.float64)
    keep(bag)
    outputs = []
    with torch.no_grad():
        for _ in range(rounds):
            _, logits, regression = model(bag.expand(batch, -1, -1))
            outputs.append(torch.cat([logits, regression], 1))
    model.eval()
    outputs = torch.cat(outputs)
    return {"tiles": 7, "masks": len(outputs), "mean": outputs.mean(0).tolist(), "sd": outputs.std(0).tolist(),
            "fourth_moment": ((outputs - outputs.mean(0)) ** 4).mean(0).tolist()}


def hashed(n, salt):
    """n doubles in [-0.5, 0.5): the finaliser of MurmurHash3 on i + 2^20 salt."""
    x = (np.arange(n, dtype=np.uint64) + (salt << 20) & 0xFFFFFFFF).astype(np.uint32)
    x ^= x >> 16
    x *= np.uint32(0x85EBCA6B)
    x ^= x >> 13
    x *= np.uint32(0xC2B2AE35)
    x ^= x >> 16
    return torch.tensor(x.astype(np.float64) / 2**32 - 0.5)


def wide_cases(names):
    model = EncDec(768, dropout=0.0).double().eval()
    with torch.no_grad():
        for i, (name, p) in enumerate(model.named_parameters()):
            scale, offset = (0.2, 1.0) if "norm" in name and name.endswith("weight") else (0.1, 0.0)
            p.copy_((hashed(p.numel(), 2 * i) * scale + offset).reshape(p.shape))
    assert [n for n, _ in model.named_parameters()] == names
    parameters = list(model.parameters())
    made = []
    for tiles in (1, 42, 1000):
        bag = (hashed(tiles * 768, 999) * 4).half().double().reshape(tiles, 768)  # as files hold them
        z, logits, losses = losses_of(model, bag, True, 1, 0.3)
        tasks = []
        for loss in losses:
            grads = torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)
            tasks.append([[0.0, 0.0] if g is None else
                          [g.norm().item(), (g.reshape(-1) @ hashed(g.numel(), 2 * i + 1)).item()]
                          for i, g in enumerate(grads)])
        made.append({"tiles": tiles, "label": 1, "target": 0.3, "embedding": z[0, 0].tolist(), "logits": logits[0].tolist(),
                     "losses": losses.tolist(), "gradients": tasks})
    return made


def initial(seeds=20, points=257):
    values = {}
    for seed in range(seeds):
        torch.manual_seed(seed)
        model = EncDec(768)
        state = dict(model.named_parameters())
        for name, p in state.items():
            first = name.replace("layers.1.", "layers.0.")
            assert torch.equal(p, state[first]), f"{name} differs from the first layer's"
            if first == name:
                values.setdefault(name, []).append(p.detach().reshape(-1).double())
    made = {}
    for name, parts in values.items():
        x = torch.cat(parts).sort().values
        if x[0] == x[-1]:
            made[name] = {"constant": x[0].item()}
        else:
            at = np.linspace(0, len(x) - 1, points).round().astype(int)
            made[name] = {"samples": len(x), "rank": at.tolist(), "value": [float(f"{v:.9g}") for v in x[at].tolist()]}
    return made


def main(out):
    torch.manual_seed(SEED)
    model = small(DROPOUT).double().eval()
    names = [n for n, _ in model.named_parameters()]
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.randn_like(p) * 0.4)
    index = {"versions": {"torch": version("torch")}, "seed": SEED, "model": SMALL | {"dropout": DROPOUT}, "width": WIDTH,
             "parameters": [{"name": n, "shape": list(p.shape)} for n, p in model.named_parameters()]}
    keep(*model.parameters())
    index["cases"] = plain_cases(model)
    index["dropout"] = dropout_cases(model)
    index["expectation"] = expectation(model)
    index["wide"] = wide_cases(names)
    index["initial"] = initial()
    out = pathlib.Path(out)
    (out / "model.json").write_text(json.dumps(index) + "\n")
    (out / "model.f64").write_bytes(torch.cat(NUMBERS).numpy().astype("<f8").tobytes())


if __name__ == "__main__":
    main(sys.argv[1])

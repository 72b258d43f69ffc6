#!/usr/bin/env python3
"""Outputs and gradients of the paper's network by PyTorch's own modules, for model_test.cpp.

Written with torch 2.11.0 (CPU), seed 20240308, float64, dropout off. Writes fixtures/model.json (names, shapes, cases) and
fixtures/model.f64 (little-endian doubles, in the order of the JSON). Parameters are random, not initial values, so that
no two layers are alike and no term vanishes. Also the module that exported weights must fit (`EncDec`).
"""
import json
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

SEED = 20240308
D_IN, D, HEADS, FF, LAYERS = 5, 4, 2, 6, 2


class EncDec(nn.Module):
    """The architecture with the released code's parameter names."""

    def __init__(self, d_in, d, heads, ff, encoder_layers, decoder_layers, cls, reg):
        super().__init__()
        self.projector = nn.Sequential(nn.Linear(d_in, d), nn.ReLU())
        self.transformer_encoder = nn.TransformerEncoder(
            nn.TransformerEncoderLayer(d, heads, ff, batch_first=True), encoder_layers, enable_nested_tensor=False)
        self.class_tokens = nn.ParameterDict({cls: torch.rand(d), reg: torch.rand(d)})
        self.transformer_decoder = nn.TransformerDecoder(
            nn.TransformerDecoderLayer(d, heads, ff, batch_first=True), decoder_layers)
        self.head_class = nn.ModuleDict({cls: nn.Linear(d, 2)})
        self.head_regr = nn.ModuleDict({reg: nn.Linear(d, 1)})
        self.names = (cls, reg)

    def forward(self, bag, joint):
        memory = self.transformer_encoder(self.projector(bag[None]))
        names = self.names if joint else self.names[:1]
        tokens = torch.stack([self.class_tokens[n] for n in names])[None]
        z = self.transformer_decoder(tokens, memory)
        logits = self.head_class[self.names[0]](z[:, 0])
        return z, logits, self.head_regr[self.names[1]](z[:, 1]) if joint else None


def main():
    torch.manual_seed(SEED)
    model = EncDec(D_IN, D, HEADS, FF, LAYERS, LAYERS, "cls", "reg").double().eval()
    names = [n for n, _ in model.named_parameters()]
    parameters = list(model.parameters())
    with torch.no_grad():
        for p in parameters:
            p.copy_(torch.randn_like(p) * 0.5)
    index = {"torch": torch.__version__, "seed": SEED,
             "model": {"d_model": D, "heads": HEADS, "ff": FF, "encoder_layers": LAYERS, "decoder_layers": LAYERS,
                       "dropout": 0.0},
             "width": D_IN, "parameters": [{"name": n, "shape": list(p.shape)} for n, p in zip(names, parameters)],
             "cases": []}
    numbers = [p.detach().reshape(-1) for p in parameters]
    for tiles in (1, 2, 7):
        for joint in (True, False):
            bag = torch.randn(tiles, D_IN, dtype=torch.float64)
            label, target = tiles % 2, 0.25 * tiles
            z, logits, regression = model(bag, joint)
            losses = [F.cross_entropy(logits, torch.tensor([label]))]
            if joint:
                losses.append(F.mse_loss(regression, torch.tensor([[target]], dtype=torch.float64)))
            numbers += [bag.reshape(-1), z.detach().reshape(-1), logits.detach().reshape(-1)]
            numbers.append(torch.stack(losses).detach())
            for loss in losses:  # every parameter, zero where the loss does not depend on it
                grads = torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)
                numbers += [torch.zeros(p.numel(), dtype=torch.float64) if g is None else g.reshape(-1)
                            for p, g in zip(parameters, grads)]
            index["cases"].append({"tiles": tiles, "joint": joint, "label": label, "target": target})
    out = Path(__file__).parent / "fixtures"
    (out / "model.json").write_text(json.dumps(index, indent=1) + "\n")
    (out / "model.f64").write_bytes(torch.cat(numbers).numpy().astype("<f8").tobytes())


if __name__ == "__main__":
    main()

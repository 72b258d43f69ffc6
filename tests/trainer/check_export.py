#!/usr/bin/env python3
"""check_export.py FILE.pt D_IN D HEADS FF ENCODER_LAYERS DECODER_LAYERS CLS REG

Loads an exported state dict strictly into PyTorch's modules; export_test.cpp wrote 0, 1, 2, ... into its parameters.
"""
import pathlib
import sys

import torch

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "oracle"))
from encdec import EncDec

d_in, d, heads, ff, encoder, decoder = map(int, sys.argv[2:8])
state = torch.load(sys.argv[1], weights_only=True)
model = EncDec(d_in, d, heads, ff, encoder, decoder, *sys.argv[8:10])
model.load_state_dict(state, strict=True)
assert model.projector[0].weight[1, 2].item() == d_in + 2
values = torch.cat([p.reshape(-1) for p in state.values()])
assert torch.equal(values, torch.arange(values.numel(), dtype=torch.float32))
model.eval()(torch.zeros(3, d_in), True)

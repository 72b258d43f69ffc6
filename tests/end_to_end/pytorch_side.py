"""PyTorch's side of test_weights.py, run by a Python with torch and h5py: one request as JSON on stdin, the answer on stdout.

The request: "model" (sizes), "label", "auxiliary", "joint", "patients" {name: feature files}, and
  "load"  a state dict to load strictly into the reference module, or
  "save"  where to write the state dict of a new module with random weights.
The answer: {name: [score, log odds, regression or null]}, in float64 from the float32 weights, and "equal" if the request
has "compare", another state dict: whether all its tensors are bit-equal.
"""
import json
import sys
from pathlib import Path

import h5py
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "oracle"))
from encdec import EncDec  # noqa: E402


def module(request, width):
    m = request["model"]
    return EncDec(width, m["d_model"], m["heads"], m["ff"], m["encoder_layers"], m["decoder_layers"],
                  request["label"].replace(".", "_"), request["auxiliary"].replace(".", "_"))


def bag(files):
    tiles = []
    for file in files:
        with h5py.File(file) as h5:
            tiles.append(torch.from_numpy(h5["feats"][:]).half().double())
    return torch.cat(tiles)


def main():
    request = json.load(sys.stdin)
    torch.manual_seed(5)
    bags = {patient: bag(files) for patient, files in request["patients"].items()}
    network = module(request, next(iter(bags.values())).shape[1])
    if "load" in request:
        network.load_state_dict(torch.load(request["load"], weights_only=True), strict=True)
    else:
        with torch.no_grad():
            for p in network.parameters():
                p.add_(torch.randn_like(p) * 0.1)
        torch.save(network.state_dict(), request["save"])
    answer = {"predictions": {}}
    if "compare" in request:
        other = torch.load(request["compare"], weights_only=True)
        answer["equal"] = all(torch.equal(t, other[n]) for n, t in network.state_dict().items())
    network.double().eval()
    with torch.no_grad():
        for patient, tiles in bags.items():
            _, logits, regression = network(tiles, request["joint"])
            answer["predictions"][patient] = [torch.softmax(logits[0], 0)[1].item(), (logits[0, 1] - logits[0, 0]).item(),
                                              regression.item() if request["joint"] else None]
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()

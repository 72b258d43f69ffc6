#!/usr/bin/env python3
"""Makes an extractor for mtlgrid of a timm network: a model and its description.

    export_extractor.py --model vit_small_patch16_224 --weights weights.pth --name my-vit --out extractors
    export_extractor.py --model resnet18 --name random-resnet --out extractors          # random weights, to try it out

Writes OUT/NAME.pt (TorchScript; with --aot OUT/NAME.pt2, a package of AOTInductor for this kind of machine) and
OUT/NAME.json, which `extractor` of a configuration names. Needs PyTorch of LibTorch's version (cmake/versions.env) and timm.
Weights are a file that you have: a state dict, or a dict with one under "model" or "state_dict". The classifier is left out: features are what it would take. The model that was written is loaded again,
run beside the original on random tiles, and the largest difference printed.
"""
import argparse
import ctypes
import json
import pathlib

import numpy as np
import torch


def make_network(arguments):
    import timm

    network = timm.create_model(arguments.model, pretrained=False, num_classes=0,
                                **json.loads(arguments.options))
    if arguments.weights:
        found = torch.load(arguments.weights, map_location="cpu", weights_only=True)
        for key in ("model", "state_dict"):
            found = found[key] if isinstance(found.get(key), dict) else found
        network.load_state_dict(found)
    data = timm.data.resolve_model_data_config(network)
    return network.eval(), data["input_size"][-1], data["mean"], data["std"]


def normalised(tiles, mean, deviation):
    """Tiles [n, side, side, 3], bytes, as the network takes them, [n, 3, side, side]: what mtlgrid does, in float64."""
    x = tiles.transpose(0, 3, 1, 2) / 255.0
    return torch.from_numpy(((x - np.reshape(mean, (3, 1, 1))) / np.reshape(deviation, (3, 1, 1))).astype(np.float32))


def write_script(network, example, file):
    try:
        script = torch.jit.script(network)
    except Exception:  # not every network can be compiled; a trace of one does the same for tiles of this size
        script = torch.jit.trace(network, example)
    torch.jit.freeze(script).save(str(file))
    return torch.jit.load(str(file))


def write_package(network, example, file):
    dynamic = ({0: torch.export.Dim("tiles", min=1, max=4096)},)
    program = torch.export.export(network, (example,), dynamic_shapes=dynamic)
    # Not linked with libtorch.so, which a program with the CPU set of LibTorch does not have: what the model calls is in
    # libtorch_cpu, which every process with PyTorch has loaded. Here it must be visible.
    torch._inductor.aoti_compile_and_package(program, package_path=str(file),
                                             inductor_configs={"aot_inductor.link_libtorch": False})
    ctypes.CDLL(str(pathlib.Path(torch.__file__).parent / "lib/libtorch_cpu.so"), ctypes.RTLD_GLOBAL)
    return torch._inductor.aoti_load_package(str(file))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="timm's name of the network")
    parser.add_argument("--options", default="{}", help="more arguments of timm.create_model, as JSON")
    parser.add_argument("--weights", type=pathlib.Path)
    parser.add_argument("--name", required=True, help="of the extractor: letters, digits, '.', '_' and '-'")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("."))
    parser.add_argument("--aot", action="store_true")
    arguments = parser.parse_args()

    torch.manual_seed(0)
    network, side, mean, deviation = make_network(arguments)
    tiles = np.random.default_rng(0).integers(0, 256, (4, side, side, 3), dtype=np.uint8)
    example = normalised(tiles, mean, deviation)
    arguments.out.mkdir(parents=True, exist_ok=True)
    model = arguments.out / (arguments.name + (".pt2" if arguments.aot else ".pt"))
    with torch.no_grad():
        expected = network(example)
        written = (write_package if arguments.aot else write_script)(network, example, model)
        difference = (written(example) - expected).abs().max().item()
    description = {"name": arguments.name, "model": model.name, "input": side, "mean": list(map(float, mean)),
                   "standard_deviation": list(map(float, deviation)), "output": expected.shape[1]}
    file = arguments.out / f"{arguments.name}.json"
    file.write_text(json.dumps(description, indent=2) + "\n")
    print(f"{file} and {model}: {expected.shape[1]} features of tiles of {side} pixels; largest difference from the "
          f"original {difference:.2g}, of features up to {expected.abs().max().item():.2g}")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Writes interchange/: networks and arrays as PyTorch and NumPy save them, and what PyTorch predicts with them.

    python3 tests/golden/interchange.py

Needs PyTorch (2.9 or newer, on the processor), NumPy and safetensors. std-ext/tests/interchange.rs loads the files.

The networks are 4-6-5-3 (ReLU, then tanh with dropout before it) and a maxout layer 4-3 of two pieces with a linear one
behind it. Parameters and inputs are multiples of 1/2048, exact in every format but F16 and BF16, which are rounded.
"""

import json
from pathlib import Path

import numpy
import torch
from safetensors.torch import save_file

from network import number

FOLDER = Path(__file__).resolve().parent / "interchange"


class Maxout(torch.nn.Module):
    """Goodfellow et al., 2013: the largest of `pieces` linear functions."""

    def __init__(self, inputs, outputs, pieces):
        super().__init__()
        self.shape = (pieces, outputs)
        self.weight = torch.nn.Parameter(torch.empty(pieces * outputs, inputs))
        self.bias = torch.nn.Parameter(torch.empty(pieces * outputs))

    def forward(self, x):
        return torch.nn.functional.linear(x, self.weight, self.bias).unflatten(-1, self.shape).amax(-2)


@torch.no_grad()
def drawn(model):
    for parameter in model.parameters():
        parameter.copy_(torch.tensor([number() for _ in range(parameter.numel())]).reshape(parameter.shape))
    return model.eval()


def main():
    FOLDER.mkdir(exist_ok=True)
    linear, relu, tanh = torch.nn.Linear, torch.nn.ReLU, torch.nn.Tanh
    sequential = drawn(torch.nn.Sequential(linear(4, 6), relu(), torch.nn.Dropout(0.5), linear(6, 5), tanh(), linear(5, 3)))
    maxout = drawn(torch.nn.Sequential(Maxout(4, 3, 2), linear(3, 2)))
    inputs = torch.tensor([[number() for _ in range(4)] for _ in range(5)])

    state = sequential.state_dict()
    save_file(state, FOLDER / "sequential.safetensors")
    save_file({name: tensor.half() for name, tensor in state.items()}, FOLDER / "f16.safetensors")
    save_file({name: tensor.bfloat16() for name, tensor in state.items()}, FOLDER / "bf16.safetensors")
    save_file({name: tensor.double() for name, tensor in state.items()}, FOLDER / "f64.safetensors")
    save_file({name: tensor.int() for name, tensor in state.items()}, FOLDER / "i32.safetensors")
    save_file(maxout.state_dict(), FOLDER / "maxout.safetensors")

    arrays = {name: tensor.numpy() for name, tensor in state.items()}
    numpy.savez(FOLDER / "sequential.npz", **arrays)
    # Inputs x outputs, in Fortran order, in double precision: what `kernel.T` and such make.
    by_columns = {name: numpy.asfortranarray(array.T.astype(numpy.float64)) for name, array in arrays.items()}
    numpy.savez_compressed(FOLDER / "inputs_first.npz", **by_columns)

    counted = numpy.arange(24, dtype=numpy.float32).reshape(2, 3, 4)
    numpy.save(FOLDER / "c.npy", counted)
    numpy.save(FOLDER / "fortran.npy", numpy.asfortranarray(counted))
    numpy.save(FOLDER / "classes.npy", numpy.array([3, 0, 255, 7]))
    numpy.save(FOLDER / "big_endian.npy", counted.astype(">f4"))
    numpy.save(FOLDER / "objects.npy", numpy.array([None], dtype=object), allow_pickle=True)
    numpy.save(FOLDER / "scalar.npy", numpy.float64(2.5))

    predictions = {"inputs": inputs.tolist(), "sequential": sequential(inputs).tolist(), "maxout": maxout(inputs).tolist()}
    for name, kind in (("f16", torch.float16), ("bf16", torch.bfloat16)):
        rounded = {key: tensor.to(kind).float() for key, tensor in state.items()}
        predictions[name] = torch.func.functional_call(sequential, rounded, inputs).tolist()
    for path in FOLDER.iterdir():
        path.chmod(0o644)
    (FOLDER / "predictions.json").write_text(json.dumps(predictions, indent=1) + "\n")


if __name__ == "__main__":
    main()

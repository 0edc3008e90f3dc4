#!/usr/bin/env python3
"""Trains 64-16-10 on the handwritten digits with PyTorch, and writes what std-ext/examples/export.rs begins with.

    python3 tests/golden/export.py

Needs PyTorch (2.9 or newer, on the processor) and safetensors. Writes export/digits.safetensors and
export/predictions.json: the logits of the first digits that are kept for the test.

The 256 digits that the firmware holds, every seventh, are those not learnt.
"""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

HERE = Path(__file__).resolve().parent
FOLDER = HERE / "export"
RECORD = 65
TESTED = 256
SHOWN = 5


def digits():
    bytes_ = (HERE.parents[1] / "std-ext" / "data" / "digits.bin").read_bytes()
    records = torch.tensor(list(bytes_)).reshape(-1, RECORD)
    return records[:, :-1].float() / 16, records[:, -1]


def main():
    torch.manual_seed(1)
    torch.set_num_threads(1)
    inputs, classes = digits()
    number = torch.arange(len(classes))
    tested = (number % 7 == 0) & (number // 7 < TESTED)
    model = torch.nn.Sequential(torch.nn.Linear(64, 16), torch.nn.ReLU(), torch.nn.Linear(16, 10))
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    x, y = inputs[~tested], classes[~tested]
    for _ in range(60):
        for batch in torch.randperm(len(y)).split(16):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()
            optimizer.step()
    model.eval()
    with torch.no_grad():
        logits = model(inputs[tested])
    right = (logits.argmax(1) == classes[tested]).sum().item()
    print(f"PyTorch {torch.__version__}: {right} of {TESTED} digits that were not learnt")

    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / "digits.safetensors"
    save_file(model.state_dict(), path)
    path.chmod(0o644)
    predictions = {"right": right, "logits": logits[:SHOWN].tolist()}
    (FOLDER / "predictions.json").write_text(json.dumps(predictions, indent=1) + "\n")


if __name__ == "__main__":
    main()

"""Writes test/fixtures/optimizers.json: where 50 steps of PyTorch's optimisers lead, in float64.

usage: python scripts/make-optimizer-fixtures.py        (torch >= 2.10; a second)

Four variables of unlike shapes; the gradient of variable v at step t (from 1), element i, is
sin(t (i + 1) + v) + 0.1 times where the element starts, rounded to float32; the rate is 0.01 (1 + (t - 1) mod 3).
"""

import json
from pathlib import Path

import torch

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
file = Path(__file__).resolve().parent.parent / "test" / "fixtures" / "optimizers.json"
shapes, steps = [[3, 2], [4], [2, 2, 1, 3], []], 50
makers = {
    "adamw": lambda p, **o: torch.optim.AdamW(p, **o),
    "adam": lambda p, **o: torch.optim.Adam(p, **o),
    "sgd": lambda p, **o: torch.optim.SGD(p, **o),
}
cases = [
    ("adamw", {"betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.0}),
    ("adamw", {"betas": (0.8, 0.95), "eps": 1e-6, "weight_decay": 0.1}),
    ("adam", {"betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.0}),
    ("adam", {"betas": (0.9, 0.99), "eps": 1e-8, "weight_decay": 0.05}),
    ("sgd", {"momentum": 0.0, "weight_decay": 0.0}),
    ("sgd", {"momentum": 0.0, "weight_decay": 0.1}),
    ("sgd", {"momentum": 0.9, "weight_decay": 0.0}),
    ("sgd", {"momentum": 0.9, "weight_decay": 0.05, "nesterov": True}),
]
names = {"eps": "epsilon", "weight_decay": "weightDecay"}


def start(variable, shape):
    size = torch.Size(shape).numel()
    return torch.sin(torch.arange(size) * 1.7 + variable).mul(2).float().double().reshape(shape)


def run(make, options):
    variables = [start(v, shape) for v, shape in enumerate(shapes)]
    optimizer = make(variables, lr=0.01, **options)
    for t in range(1, steps + 1):
        optimizer.param_groups[0]["lr"] = 0.01 * (1 + (t - 1) % 3)
        for v, x in enumerate(variables):
            position = torch.arange(x.numel()).reshape(x.shape)
            first = start(v, shapes[v])
            x.grad = (torch.sin(t * (position + 1.0) + v) + 0.1 * first).float().double()
        optimizer.step()
    return [x.flatten().tolist() for x in variables]


def ours(options):
    made = {names.get(key, key): value for key, value in options.items() if key != "betas"}
    if "betas" in options:
        made["beta1"], made["beta2"] = options["betas"]
    return made


rows = [{"optimizer": name, "options": ours(options), "values": run(makers[name], options)} for name, options in cases]
starts = [start(v, shape).flatten().tolist() for v, shape in enumerate(shapes)]
file.write_text(json.dumps({"shapes": shapes, "steps": steps, "starts": starts, "cases": rows}) + "\n")
print(f"{len(rows)} cases")

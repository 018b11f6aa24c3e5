"""Writes test/fixtures/grid-sample.json: PyTorch's grid_sample, in float64, as an independent source for interpolation.

    python3 packages/integral/scripts/fixtures.py
"""

import json
import pathlib

import torch

torch.manual_seed(0)


def sample(mode, corners, shape, count):
    grid = torch.randn(shape, dtype=torch.float64)
    points = torch.rand(count, 2, dtype=torch.float64)
    # grid_sample takes (x, y) in [-1, 1], x along the last axis.
    where = (2 * points - 1).flip(1)[None, None]
    out = torch.nn.functional.grid_sample(
        grid[None, None], where, mode=mode, padding_mode="border", align_corners=corners
    )
    return {
        "mode": mode,
        "alignment": "corners" if corners else "cells",
        "shape": list(shape),
        "coefficients": grid.flatten().tolist(),
        "points": points.flatten().tolist(),
        "values": out.flatten().tolist(),
    }


cases = [
    sample(mode, corners, shape, 40)
    for mode in ("bicubic", "bilinear")
    for corners in (True, False)
    for shape in ((7, 11), (2, 3))
]
path = pathlib.Path(__file__).parent.parent / "test" / "fixtures" / "grid-sample.json"
path.parent.mkdir(exist_ok=True)
path.write_text(json.dumps({"torch": torch.__version__, "cases": cases}) + "\n")

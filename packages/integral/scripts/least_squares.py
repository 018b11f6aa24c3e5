"""Writes test/fixtures/least-squares.json: ridge regressions towards a prior, by NumPy's lstsq of the stacked system.

    python3 packages/integral/scripts/least_squares.py
"""

import json
import pathlib

import numpy as np

random = np.random.default_rng(0)


def solve(rows, features, targets, ridge, constant):
    a = np.maximum(random.standard_normal((rows, features)) + 0.3, 0)
    b = a @ random.standard_normal((features, targets)) + 0.4 * random.standard_normal((rows, targets)) + 0.5
    prior = random.standard_normal((features, targets))
    shift = a.mean(0) if constant else np.zeros(features)
    level = b.mean(0) if constant else np.zeros(targets)
    x, y = a - shift, b - level
    # Mean over rows of |y - R^T x|^2 + ridge * mean square of a feature * |R - prior|^2.
    weight = np.sqrt(rows * ridge * (x**2).mean(0).mean())
    matrix = np.linalg.lstsq(
        np.vstack([x, weight * np.eye(features)]), np.vstack([y, weight * prior]), rcond=None
    )[0]
    return {
        "rows": rows,
        "features": features,
        "targets": targets,
        "ridge": ridge,
        "constant": constant,
        "from": a.flatten().tolist(),
        "to": b.flatten().tolist(),
        "prior": prior.flatten().tolist(),
        "matrix": matrix.flatten().tolist(),
        "constants": (level - shift @ matrix).tolist(),
    }


cases = [
    solve(rows, features, targets, ridge, constant)
    for rows, features, targets in ((60, 7, 4), (9, 12, 5))
    for ridge in (1e-3, 0.5)
    for constant in (True, False)
]
path = pathlib.Path(__file__).parent.parent / "test" / "fixtures" / "least-squares.json"
path.write_text(json.dumps({"numpy": np.__version__, "cases": cases}) + "\n")

"""Events on the thresholds of a forest, a float beside them, and the unusual numbers."""

from __future__ import annotations

import numpy as np

import diskern

UNUSUAL = np.array([0.0, -0.0, 1e-45, -1e-45, 1e-38, 1e-35, -1e-35, 2e-35, -2e-35, 3e33, -3e33], np.float32)


def special_events(model: diskern.Model, missing: bool = True, infinite: bool = True, count: int = 3000) -> np.ndarray:
    """Events whose variables are drawn from every threshold of that variable, the floats beside it and unusual ones."""
    values: list[list[float]] = [[] for _ in model.variables]
    for t in range(model.predictor.tree_count):
        tree = model.predictor.tree(t)
        for feature, threshold in zip(tree["feature"], tree["threshold"], strict=True):
            if feature >= 0 and abs(threshold) < 3e38:
                values[feature].append(float(threshold))
    extra = [np.inf, -np.inf] * infinite + [np.nan] * missing
    rng = np.random.default_rng(1)
    columns = []
    for one in values:
        near = np.array(one or [0.0], np.float32)
        low, high = np.nextafter(near, np.float32(-np.inf)), np.nextafter(near, np.float32(np.inf))
        columns.append(rng.choice(np.concatenate([near, low, high, UNUSUAL, np.array(extra, np.float32)]), count))
    return np.stack(columns, axis=1).astype(np.float32)

"""A judge of DBSCAN's labels that knows the definition only, in the manner of ArborX's verifier."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def dbscan_faults(
    points: NDArray[np.float64], eps: float, min_samples: int, labels: NDArray[np.int64], core: NDArray[np.int64]
) -> list[str]:
    """What contradicts the definition (Ester et al., KDD-96, 226), in words; nothing when the labels are right.

    Any numbering of the clusters is accepted, and any cluster of a neighbouring core point for a border point.
    """
    points = np.asarray(points, np.float64)
    neighbours = [np.flatnonzero(((points - x) ** 2).sum(axis=1) <= eps * eps) for x in points]
    is_core = np.zeros(len(points), bool)
    is_core[core] = True
    faults = []
    for i, near in enumerate(neighbours):
        if is_core[i] != (len(near) >= min_samples):
            faults.append(f"point {i} has {len(near)} neighbours, core: {is_core[i]}")
        if is_core[i]:
            if labels[i] < 0:
                faults.append(f"core point {i} is noise")
            for j in near:
                if is_core[j] and labels[j] != labels[i]:
                    faults.append(f"core points {i} and {j} are neighbours, in clusters {labels[i]} and {labels[j]}")
        else:
            of_cores = {int(labels[j]) for j in near if is_core[j]}
            if labels[i] < 0 and of_cores:
                faults.append(f"point {i} has core neighbours, but is noise")
            if labels[i] >= 0 and int(labels[i]) not in of_cores:
                faults.append(f"point {i} is in cluster {labels[i]} without a core neighbour there")
    # What is within reach, from core point to core point.
    component = np.full(len(points), -1)
    for start in np.flatnonzero(is_core):
        if component[start] >= 0:
            continue
        waiting = [start]
        component[start] = start
        while waiting:
            for j in neighbours[waiting.pop()]:
                if is_core[j] and component[j] < 0:
                    component[j] = start
                    waiting.append(j)
    for label in np.unique(labels[labels >= 0]):
        reached = np.unique(component[is_core & (labels == label)])
        if len(reached) > 1:
            faults.append(f"cluster {label} holds core points that are not within reach of each other")
        if len(reached) == 0:
            faults.append(f"cluster {label} has no core point")
    return faults

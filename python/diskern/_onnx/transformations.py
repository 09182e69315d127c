"""TMVA's input transformations in front of a model, and those of regression targets behind it.

As in the core N works in float32 and the others in float64, and every step rounds its results to float32.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._core import InvalidArgument
from .graph import GraphBuilder


def _set_of(step: dict[str, Any]) -> int:
    """The statistics that count where a model is applied: of the reference class, else of all classes."""
    reference = int(step["reference_class"])
    return len(step["sets"]) - 1 if reference < 0 or reference >= len(step["sets"]) else reference


def transformed(builder: GraphBuilder, chain: Any, variables: str) -> str:
    """The variables after all steps."""
    n, x = chain.variable_count, variables
    for number, step in enumerate(chain.steps):
        given, statistics = [int(one) for one in step["columns"]], step["sets"][_set_of(step)]
        kept = [i for i, one in enumerate(given) if one < n]  # not the targets of a regression
        if not kept:
            continue
        if len(kept) < len(given):  # N, U and G, which take every column by itself
            statistics = [statistics[i] for i in kept]
        columns = [given[i] for i in kept]
        builder.label = f"transformation_{number + 1}/{step['name']}"
        whole = columns == list(range(n))
        part = x if whole else builder.add("Gather", x, builder.constant(columns, np.int64), axis=1)
        part = _STEPS[step["name"]](builder, part, statistics, step["name"])
        if whole:
            x = part
            continue
        places = np.arange(n)
        places[columns] = n + np.arange(len(columns))
        joined = builder.add("Concat", x, part, axis=1)
        x = builder.add("Gather", joined, builder.constant(places, np.int64), axis=1)
    return x


def targets_restored(builder: GraphBuilder, chain: Any, responses: str) -> str:
    """Estimates of a regression back in the units of the targets, where the steps are N."""
    n, x = chain.variable_count, responses
    for number, step in reversed(list(enumerate(chain.steps))):
        columns = [(i, int(one) - n) for i, one in enumerate(step["columns"]) if int(one) >= n]
        if not columns:
            continue
        if step["name"] != "Normalize":
            raise InvalidArgument(
                f"the transformation {step['name']} of a regression target cannot be written as ONNX (N can)"
            )
        builder.label = f"target_{number + 1}/{step['name']}"
        low, factor = _scale(step["sets"][_set_of(step)])
        shift, slope, offset = (np.full(chain.target_count, one, np.float32) for one in (1.0, 1.0, 0.0))
        untouched = np.ones(chain.target_count, bool)
        for i, target in columns:
            # A target without range is its minimum.
            slope[target] = 1.0 / (np.float64(factor[i]) * 2.0) if factor[i] > 0 else 0.0
            offset[target], untouched[target] = low[i], False
        shift[untouched] = 0.0
        x = builder.add("Mul", builder.add("Add", x, builder.constant(shift)), builder.constant(slope))
        x = builder.add("Add", x, builder.constant(offset))
    return x


def _scale(ranges: Any) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Minimum and factor of each column, in float32 as in the core."""
    low, high = np.asarray(ranges, np.float32).T
    width = high - low
    factor = [np.float32(1.0 / float(one)) if one > 0 else np.float32(0) for one in width]
    return low, np.asarray(factor, np.float32)


def _normalise(builder: GraphBuilder, x: str, ranges: Any, name: str) -> str:
    low, factor = _scale(ranges)
    x = builder.add("Mul", builder.add("Sub", x, builder.constant(low)), builder.constant(factor))
    return builder.add("Sub", builder.add("Mul", x, builder.constant(2.0)), builder.constant(1.0))


def _decorrelate(builder: GraphBuilder, x: str, matrix: Any, name: str) -> str:
    wide = builder.cast(x, np.float64)
    product = builder.add("MatMul", wide, builder.constant(np.asarray(matrix).T, np.float64))
    return builder.cast(product, np.float32)


def _principal_components(builder: GraphBuilder, x: str, statistics: Any, name: str) -> str:
    mean, vectors = statistics
    wide = builder.add("Sub", builder.cast(x, np.float64), builder.constant(mean, np.float64))
    return builder.cast(builder.add("MatMul", wide, builder.constant(vectors, np.float64)), np.float32)


# --- U and G: the cumulative distribution as TMVA tabulates it, 10000 points interpolated linearly

_POINTS = 10000


def _table(edges: NDArray[np.float64], contents: NDArray[np.float32]) -> NDArray[np.float64]:
    """The points: the histogram with bins of different widths, interpolated between the centres of its bins."""
    n = len(contents)
    middle = edges[:-1] + 0.5 * (edges[1:] - edges[:-1])
    width = (edges[-1] - edges[0]) / _POINTS
    x = edges[0] + np.arange(_POINTS) * width + 0.5 * width
    bins = np.clip(np.searchsorted(edges, x, side="right"), 1, n) - 1
    i = np.where((bins > 0) & (middle[bins] > x), bins - 1, bins)
    following = np.where(((x > middle[i]) & (i + 1 != n)) | (i == 0), i + 1, i - 1)
    y = contents.astype(np.float64)
    distance = middle[i] - middle[following]
    safe = np.where(distance == 0, 1.0, distance)
    value = np.where(distance == 0, y[i], y[i] + (x - middle[i]) * (y[i] - y[following]) / safe)
    value = np.where(value <= 1e-12, y[bins], value)
    return np.asarray(np.maximum(value, 1e-12), np.float32).astype(np.float64)


def _cumulative(builder: GraphBuilder, x: str, distributions: Any, name: str) -> str:
    """Columns one after the other: their tables lie behind each other in one constant."""
    tables, low, width = [], [], []
    for edges, contents in distributions:
        edges = np.asarray(edges, np.float64)
        tables.append(_table(edges, np.asarray(contents, np.float32)))
        low.append(edges[0])
        width.append((edges[-1] - edges[0]) / _POINTS)

    def number(value: Any) -> str:
        return builder.constant(value, np.float64)

    def step(kind: str, *inputs: str) -> str:
        return builder.add(kind, *inputs)

    # NaN stays NaN: the bin is looked up at the lower end instead.
    missing = step("IsNaN", x)
    wide = builder.cast(step("Where", missing, builder.constant(np.asarray(low, np.float32)), x), np.float64)
    place = step("Div", step("Sub", wide, number(low)), number(width))
    # Not beyond the ends, then as a whole number: of the bin (0 ... 9999), counted from its lower edge.
    place = step("Max", step("Min", place, number(_POINTS - 1.0)), number(0.0))
    index = builder.cast(place, np.int64)  # cut off towards 0
    bin_number = builder.cast(index, np.float64)
    centre = step("Add", number(low), step("Mul", step("Add", bin_number, number(0.5)), number(width)))
    behind = step("Less", centre, wide)
    last = step("Equal", index, builder.constant(_POINTS - 1, np.int64))
    first = step("Equal", index, builder.constant(0, np.int64))
    upwards = step("Or", step("And", behind, step("Not", last)), first)
    next_index = step(
        "Add",
        index,
        step("Where", upwards, builder.constant(1, np.int64), builder.constant(-1, np.int64)),
    )
    offsets = builder.constant(np.arange(len(tables)) * _POINTS, np.int64)
    flat = builder.constant(np.concatenate(tables), np.float64)
    here = builder.add("Gather", flat, step("Add", index, offsets), axis=0)
    there = builder.add("Gather", flat, step("Add", next_index, offsets), axis=0)
    distance = step("Mul", builder.cast(step("Sub", index, next_index), np.float64), number(width))
    slope = step("Div", step("Sub", here, there), distance)
    u = step("Add", here, step("Mul", step("Sub", wide, centre), slope))
    u = step("Max", step("Min", u, number(1.0 - 1e-9)), number(1e-9))
    if name == "Gauss":
        argument = step("Sub", step("Mul", number(2.0), u), number(1.0))
        argument = step("Max", step("Min", argument, number(0.99999999)), number(-0.99999999))
        u = step("Mul", number(1.414213562), _inverse_error_function(builder, argument))
    result = builder.cast(u, np.float32)
    return step("Where", missing, x, result)


#: Of the quantile of the normal distribution (Wichura, Applied Statistics 37 (1988) 477), lowest power first; the core
#: has the same in statistics/normal.cpp.
_CENTRE = (
    (
        *(3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4),
        *(4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3),
    ),
    (
        *(1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3),
        *(2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3),
    ),
)
_TAIL = (
    (
        *(1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0),
        *(1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4),
    ),
    (
        *(1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1),
        *(1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9),
    ),
)


def _inverse_error_function(builder: GraphBuilder, y: str) -> str:
    """In float64, for |y| <= 0.99999999: x with erf(x) = y, which is no operator of ONNX."""

    def number(value: float) -> str:
        return builder.constant(value, np.float64)

    def step(kind: str, *inputs: str) -> str:
        return builder.add(kind, *inputs)

    def ratio(coefficients: Any, x: str) -> str:
        sums = []
        for polynomial in coefficients:
            total = number(polynomial[-1])
            for one in polynomial[-2::-1]:
                total = step("Add", step("Mul", total, x), number(one))
            sums.append(total)
        return step("Div", *sums)

    size = step("Abs", y)
    q = step("Mul", y, number(0.5))
    in_centre = step("Mul", q, ratio(_CENTRE, step("Sub", number(0.180625), step("Mul", q, q))))
    beyond = step("Mul", step("Sub", number(1.0), size), number(0.5))
    distance = step("Sqrt", step("Neg", step("Log", beyond)))
    in_tail = ratio(_TAIL, step("Sub", distance, number(1.6)))
    in_tail = step("Where", step("Less", y, number(0.0)), step("Neg", in_tail), in_tail)
    near = step("Less", size, number(0.85))
    return step("Mul", step("Where", near, in_centre, in_tail), number(0.70710678118654752440))


_STEPS: dict[str, Any] = {
    "Normalize": _normalise,
    "Decorrelation": _decorrelate,
    "PCA": _principal_components,
    "Gauss": _cumulative,
    "Uniform": _cumulative,
}

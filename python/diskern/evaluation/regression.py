"""Deviation of a regression from the target."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .._core import InvalidArgument
from ._arguments import check_vector, check_weight, positive_sum
from .correlation import mutual_information


def regression_metrics(target: ArrayLike, response: ArrayLike, weight: ArrayLike | None = None) -> dict[str, float]:
    """TMVA's table of a regression (tmva.md 5.1), with the deviation d = response - target.

    Returns
    -------
    dict with ``bias`` = weighted mean of d, ``mean_absolute_deviation``, ``rms`` = sqrt(<d^2> - bias^2), ``rmse`` =
    sqrt(<d^2>), ``correlation`` of response and target, ``mutual_information`` in nats; and the truncated ``bias_T``,
    ``mean_absolute_deviation_T``, ``rms_T``, ``mutual_information_T`` of the events within 2 rms of the bias.

    Raises
    ------
    InvalidArgument
        NaN or infinities, different lengths, a sum of weights that is not positive
    """
    t = check_vector(target, "target", allow_infinite=False)
    r = check_vector(response, "response", allow_infinite=False)
    if len(r) != len(t):
        raise InvalidArgument(f"response has {len(r)} entries, target has {len(t)}")
    w = check_weight(weight, len(t))
    edges = (
        float(min(t.min(initial=np.inf), r.min(initial=np.inf))),
        float(max(t.max(initial=-np.inf), r.max(initial=-np.inf))),
    )

    def moments(mask: np.ndarray[tuple[int], np.dtype[np.bool_]] | slice) -> tuple[float, float, float, float]:
        d, weights = (r - t)[mask], w[mask]
        total = positive_sum(weights, "given")
        bias = float(np.sum(weights * d) / total)
        variance = float(np.sum(weights * (d - bias) ** 2) / total)
        absolute = float(np.sum(weights * np.abs(d)) / total)
        return bias, absolute, float(np.sqrt(max(variance, 0.0))), mutual_information(r[mask], t[mask], weights, edges)

    bias, absolute, rms, information = moments(slice(None))
    kept = np.abs(r - t - bias) <= 2 * rms
    bias_t, absolute_t, rms_t, information_t = moments(kept if w[kept].sum() > 0 else slice(None))
    total = float(w.sum())
    mean_t, mean_r = float(np.sum(w * t) / total), float(np.sum(w * r) / total)
    widths = float(np.sum(w * (t - mean_t) ** 2) * np.sum(w * (r - mean_r) ** 2))
    joint = float(np.sum(w * (t - mean_t) * (r - mean_r)))
    return {
        "bias": bias,
        "bias_T": bias_t,
        "mean_absolute_deviation": absolute,
        "mean_absolute_deviation_T": absolute_t,
        "rms": rms,
        "rms_T": rms_t,
        "rmse": float(np.hypot(rms, bias)),
        "correlation": joint / float(np.sqrt(widths)) if widths > 0 else float("nan"),
        "mutual_information": information,
        "mutual_information_T": information_t,
    }

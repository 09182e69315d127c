"""Showers of ultra-high-energy cosmic rays over an array of two-layer scintillators, simulated and fitted."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._core import InvalidArgument
from ..event_set import check_count, check_seed, generator
from . import formulas
from .fit import parametric_fit

_BLOCK = 256  # showers simulated together
_PURPOSE = 8
BEFORE = 16  # samples before the one that triggers
_LATE = 32  # samples that a trigger may be late behind the front
_PULSE = np.array([0.25, 0.5, 0.25])  # what electronics make of a signal at one moment
_NOISE = 0.02  # VEM per sample
_THRESHOLD = 0.2  # VEM per sample, mean of the layers
_SATURATION = 300.0  # VEM per sample
_OFF = 0.03  # probability that a station is off
#: what `stations` holds
STATION_FEATURES = ("x", "y", "on", "hit", "saturated", "log_signal", "time")
_FITTED = [
    "core_x",
    "core_y",
    "theta",
    "phi",
    "log_s800",
    "start",
    "curvature",
    "log_energy",
    "chi2",
    "degrees",
    "hits",
]
_TRUTH = ["core_x", "core_y", "theta", "phi", "log_s800", "start", "curvature", "log_energy", "depth"]


@dataclass(frozen=True)
class AirShowers:
    """Showers as an array saw them, with the parametric fit and the truth.

    Attributes
    ----------
    waveforms : float32 array of shape (showers, side, side, samples, 2)
        VEM per sample of 20 ns in the upper and lower layer of the stations around the fitted core; sample 16 is where
        a station triggered. Zero where a station is off or saw nothing.
    stations : float32 array of shape (showers, side, side, 7)
        x, y from the fitted core in km; on, hit, saturated (0 or 1); log10(1 + signal / VEM), the mean of the layers;
        trigger time behind the fitted plane front in us (0 without a hit). See `STATION_FEATURES`.
    fitted : dict of float64 arrays
        core_x, core_y (m), theta, phi (degrees), log_s800 (log10 of VEM), start (ns), curvature, log_energy (log10 of
        eV), chi2, degrees (of freedom), hits (stations).
    truth : dict of float64 arrays
        The same without the last three, and depth: how much deeper than usual a shower developed, in units of the
        spread.
    """

    waveforms: NDArray[np.float32]
    stations: NDArray[np.float32]
    fitted: dict[str, NDArray[np.float64]]
    truth: dict[str, NDArray[np.float64]]

    def __len__(self) -> int:
        return len(self.waveforms)

    def fit_errors(self) -> NDArray[np.float64]:
        """What the parametric fit gets wrong, of shape (showers, 2): zenith angle in degrees, log10 of the energy."""
        names = ("theta", "log_energy")
        return np.stack([self.fitted[name] - self.truth[name] for name in names], axis=1)


def _showers(random: np.random.Generator, count: int) -> dict[str, NDArray[np.float64]]:
    """Energies, directions, depths and what follows from them."""
    log_energy = random.uniform(18.8, 20.0, count)
    theta = np.degrees(np.arcsin(np.sqrt(random.uniform(0.0, np.sin(np.radians(50.0)) ** 2, count))))
    depth = random.standard_normal(count)
    secant = 1.0 / np.cos(np.radians(theta))
    # 60 g/cm^2 deeper: more signal at the ground, a front that is more curved and thicker, a smaller share of muons.
    return {
        "log_energy": log_energy,
        "theta": theta,
        "phi": random.uniform(-180.0, 180.0, count),
        "core_x": random.uniform(-0.5, 0.5, count) * formulas.SPACING,
        "core_y": random.uniform(-0.5, 0.5, count) * formulas.SPACING,
        "start": random.uniform(0.0, formulas.SAMPLE, count),
        "depth": depth,
        "log_s800": formulas.expected_log_s800(log_energy, theta)
        + (60.0 / formulas.ATTENUATION * depth + 0.05 * random.standard_normal(count)) / np.log(10.0),
        "curvature": 0.9 * np.exp(-0.6 * (secant - 1.0) + 0.1 * depth + 0.05 * random.standard_normal(count)),
    }


def _pulse(samples: int, start: NDArray[np.float64], scale: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shares of a signal in each sample: t exp(-t / scale) / scale^2 behind the start, (stations, samples)."""
    edges = np.arange(samples + 1) * formulas.SAMPLE
    late = np.maximum(edges - start[:, None], 0.0) / scale[:, None]
    return np.diff(1.0 - (1.0 + late) * np.exp(-late), axis=1)


def _waveforms(
    random: np.random.Generator,
    samples: int,
    signal: NDArray[np.float64],
    muons: NDArray[np.float64],
    start: NDArray[np.float64],
    thickness: NDArray[np.float64],
    younger: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Two layers of stations with an expected signal: muons cross both, each other particle is in one of them."""
    through = random.poisson((signal * muons)[:, None] * _pulse(samples, start, 0.35 * thickness))
    rest = (signal * (1.0 - muons))[:, None] * _pulse(samples, start, 0.7 * thickness * younger)
    layers = []
    for _ in range(2):
        count = through + random.poisson(rest)
        deposit = np.maximum(count + 0.35 * np.sqrt(count) * random.standard_normal(count.shape), 0.0)
        wide = np.pad(deposit, ((0, 0), (1, 1)))
        smooth = sum(_PULSE[i] * wide[:, i : i + samples] for i in range(3))
        layers.append(smooth + _NOISE * random.standard_normal(count.shape))
    return np.stack(layers, axis=-1)


def _array(side: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    places = (np.arange(side) - (side - 1) / 2) * formulas.SPACING
    x, y = np.meshgrid(places, places, indexing="ij")
    return x.ravel(), y.ravel()


def _simulated(random: np.random.Generator, side: int, samples: int) -> AirShowers:
    """One block of showers, those that can be fitted."""
    count, wide = _BLOCK, side + 2
    truth = _showers(random, count)
    x, y = _array(wide)
    u, v, _ = np.moveaxis(formulas.direction(truth["theta"], truth["phi"]), -1, 0)[..., None]
    dx, dy = x - truth["core_x"][:, None], y - truth["core_y"][:, None]
    r = formulas.axis_distance(dx, dy, u, v)
    ratio = formulas.lateral_distribution(r, truth["theta"][:, None])
    expected = 10.0 ** truth["log_s800"][:, None] * ratio
    front = truth["start"][:, None] + formulas.plane_delay(dx, dy, u, v)
    front += truth["curvature"][:, None] * formulas.front_delay(r, ratio)
    secant = 1.0 / np.cos(np.radians(truth["theta"][:, None]))
    depth = truth["depth"][:, None]
    muons = np.clip(0.15 + 0.25 * r / (r + 1000.0) + 0.3 * (secant - 1.0) - 0.04 * depth, 0.05, 0.9)
    on = random.random(r.shape) >= _OFF
    seen = on & (expected > 0.03)

    length = samples + BEFORE + _LATE
    begin = np.floor(front / formulas.SAMPLE) - BEFORE  # clocks of stations: whole samples
    traces = _waveforms(
        random,
        length,
        np.minimum(expected[seen], 1e6),
        muons[seen],
        (front - begin * formulas.SAMPLE)[seen],
        formulas.front_thickness(r[seen]),
        np.broadcast_to(np.exp(0.15 * depth), r.shape)[seen],
    )
    over = traces.mean(axis=-1)[:, BEFORE - 1 : BEFORE + _LATE] > _THRESHOLD
    triggered = over.any(axis=1)
    trigger = BEFORE - 1 + over.argmax(axis=1)
    clipped = np.minimum(traces, _SATURATION)
    window = np.take_along_axis(clipped, (trigger[:, None] - BEFORE + np.arange(samples))[..., None].clip(0), axis=1)

    flat = np.flatnonzero(seen)[triggered]
    time, signal = np.zeros(r.size), np.zeros(r.size)
    saturated = np.zeros(r.size, bool)
    waveforms = np.zeros((r.size, samples, 2), np.float32)
    time[flat] = (begin[seen] + trigger)[triggered] * formulas.SAMPLE
    waveforms[flat] = window[triggered]
    signal[flat] = np.maximum(window[triggered].sum(axis=1).mean(axis=1), 0.05)
    saturated[flat] = (window[triggered] >= _SATURATION).any(axis=(1, 2))
    time, signal = time.reshape(r.shape), signal.reshape(r.shape)  # type: ignore[assignment]
    saturated = saturated.reshape(r.shape)  # type: ignore[assignment]
    positions = np.broadcast_to(x, r.shape), np.broadcast_to(y, r.shape)
    hit = on & (signal > 0.0)
    hits = hit.sum(axis=1)
    fittable = hits >= 6
    fitted = parametric_fit(*(one[fittable] for one in (*positions, time, signal, on, saturated)))
    fitted["hits"] = hits[fittable].astype(np.float64)
    good = (fitted["theta"] < 60.0) & (fitted["curvature"] > 0.0)
    good &= np.maximum(np.abs(fitted["core_x"]), np.abs(fitted["core_y"])) < 1.5 * formulas.SPACING
    good &= fitted["chi2"] < 4.0 * np.maximum(fitted["degrees"], 1.0)
    fitted = {name: one[good] for name, one in fitted.items()}
    which = np.flatnonzero(fittable)[good]

    # The part of the array around the fitted core.
    u, v, _ = np.moveaxis(formulas.direction(fitted["theta"], fitted["phi"]), -1, 0)[..., None]
    dx, dy = (place[which] - fitted[name][:, None] for place, name in zip(positions, ("core_x", "core_y"), strict=True))
    behind = time[which] - fitted["start"][:, None] - formulas.plane_delay(dx, dy, u, v)
    features = np.stack(
        [
            dx / 1000.0,
            dy / 1000.0,
            on[which],
            hit[which],
            saturated[which],
            np.log10(1.0 + signal[which]),
            np.where(hit[which], behind / 1000.0, 0.0),
        ],
        axis=-1,
    ).reshape(-1, wide, wide, len(STATION_FEATURES))
    first = [np.rint(fitted[name] / formulas.SPACING).astype(int).clip(-1, 1) + 1 for name in ("core_x", "core_y")]
    rows = first[0][:, None, None] + np.arange(side)[:, None]
    columns = first[1][:, None, None] + np.arange(side)
    event = np.arange(len(which))[:, None, None]
    waves = waveforms.reshape(count, wide, wide, samples, 2)[which]
    return AirShowers(
        waves[event, rows, columns],
        features[event, rows, columns].astype(np.float32),
        {name: fitted[name] for name in _FITTED},
        {name: truth[name][which] for name in _TRUTH},
    )


def _joined(parts: list[AirShowers], n: int) -> AirShowers:
    columns: dict[str, Any] = {}
    for one in fields(AirShowers):
        values = [getattr(part, one.name) for part in parts]
        if isinstance(values[0], dict):
            columns[one.name] = {name: np.concatenate([v[name] for v in values])[:n] for name in values[0]}
        else:
            columns[one.name] = np.concatenate(values)[:n]
    return AirShowers(**columns)


def air_showers(n: int, seed: int = 1, *, side: int = 6, samples: int = 128) -> AirShowers:
    """Showers of 10^18.8 to 10^20 eV and up to 50 degrees over stations 1.2 km apart, with their parametric fit.

    The signal of a station follows the lateral distribution, its beginning the curved front (see
    :mod:`diskern.datasets.surface_array.formulas`). Energies are uniform in their logarithm, directions isotropic on a
    horizontal array. A shower that develops deeper than usual (a normal number per shower) has more signal at the
    ground, which the parametric energy does not know, and a thicker, more curved front, which waveforms show.
    Particles come in a front of Linsley's thickness; muons, which are early and cross both scintillators, and others
    are counted by a Poisson distribution. Electronics add noise, samples above 300 VEM are cut off (the station is
    saturated), 3 % of the stations are off. Showers with 6 or more stations whose fit went well are kept.

    Parameters
    ----------
    n : number of showers
    seed : of the generator (Philox)
    side : stations along each side of the part of the array that is kept, 4 to 8
    samples : of each waveform, 64 to 512

    Returns
    -------
    AirShowers
    """
    n, seed, side, samples = (
        check_count(n),
        check_seed(seed),
        check_count(side, "side"),
        check_count(samples, "samples"),
    )
    if not 4 <= side <= 8:
        raise InvalidArgument(f"side is {side}; expected 4 to 8")
    if not 64 <= samples <= 512:
        raise InvalidArgument(f"samples is {samples}; expected 64 to 512")
    parts: list[AirShowers] = []
    block = 0
    while sum(map(len, parts)) < n:
        parts.append(_simulated(generator(seed, _PURPOSE, block), side, samples))
        block += 1
    return _joined(parts, n)

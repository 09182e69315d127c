"""Raw detector data: calorimeter images, photodetector waveforms, tracker hits; drawn from simple models."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .._core import InvalidArgument
from .event_set import BLOCK, EventSet, blocks, check_count, check_fraction, check_seed, fill_blocks, generator

LAYER_RADII = np.array([32.0, 72.0, 116.0, 172.0, 260.0, 360.0, 500.0, 660.0, 820.0, 1020.0])  # mm


def detector_images(n: int, seed: int = 1, *, size: int = 24, signal_fraction: float = 0.5) -> EventSet:
    """Jet images of a calorimeter: two-pronged jets (signal, a boosted boson) against single-pronged ones.

    A jet of 200 to 400 GeV, centred in the image and turned at random, is 40 particles on average with energies that
    fall as in a fragmentation, spread about one axis, or two axes that share the energy; each cell adds a noise of
    0.05 GeV and nothing is negative. One cell is 0.1 x 0.1 in pseudorapidity and azimuth at the default size.

    Parameters
    ----------
    n : number of images
    seed : of the generator (Philox)
    size : rows and columns, at least 4
    signal_fraction : probability of an image to be signal

    Returns
    -------
    EventSet
        events (n, size, size) in GeV per cell, labels 1 = two-pronged.
    """
    n, seed, size = check_count(n), check_seed(seed), check_count(size, "size")
    fraction = check_fraction(signal_fraction, "signal_fraction")
    if size < 4:
        raise InvalidArgument(f"size is {size}; expected at least 4")
    particles = 80

    def make(random: np.random.Generator, count: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        signal = random.random(count) < fraction
        energy = random.uniform(200.0, 400.0, count)
        share = np.where(signal, random.uniform(0.25, 0.5, count), 0.0)
        distance = random.uniform(0.35, 0.7, count)  # between the prongs
        angle = random.uniform(-np.pi, np.pi, count)
        present = np.arange(particles) < np.clip(random.poisson(40, count), 2, particles)[:, None]
        fragment = np.where(present, random.exponential(1.0, (count, particles)) ** 1.5, 0.0)
        fragment *= (energy / fragment.sum(axis=1))[:, None]
        second = random.random((count, particles)) < share[:, None]
        # Prongs sit so that the centre of energy is the middle of the image.
        position = np.where(second, (1 - share)[:, None], -share[:, None]) * distance[:, None]
        width = np.where(signal[:, None], 0.08, 0.16)
        x = position * np.cos(angle)[:, None] + width * random.standard_normal((count, particles))
        y = position * np.sin(angle)[:, None] + width * random.standard_normal((count, particles))
        cell = 2.4 / size
        row = np.floor(y / cell + size / 2).astype(np.int64)
        column = np.floor(x / cell + size / 2).astype(np.int64)
        inside = (row >= 0) & (row < size) & (column >= 0) & (column < size)
        flat = np.arange(count)[:, None] * size * size + row * size + column
        cells = np.bincount(flat[inside], weights=fragment[inside], minlength=count * size * size)
        image = cells.reshape(count, size, size) + 0.05 * random.standard_normal((count, size, size))
        return np.maximum(image, 0.0), signal

    events, labels = fill_blocks(n, seed, 3, (size, size), make)
    return EventSet(events, labels, (), np.ones(n), "calorimeter jet images")


def detector_waveforms(n: int, seed: int = 1, *, samples: int = 200, signal_fraction: float = 0.5) -> EventSet:
    """Waveforms of a scintillator read out by a photomultiplier: neutrons (signal) against gamma rays.

    Light comes in a fast (5 ns) and a slow (60 ns) component; neutrons have 35 % of it in the slow one, gamma rays 15
    %, each with a spread of 4 %. Samples are 2 ns apart, pulses start at 50 +- 10 ns, amplitudes fall exponentially
    above 80 counts; photon statistics, 3 counts of noise, a baseline near 200 and a 12-bit digitiser follow.

    Parameters
    ----------
    n : number of waveforms
    seed : of the generator (Philox)
    samples : of each waveform, at least 50
    signal_fraction : probability of a waveform to be signal

    Returns
    -------
    EventSet
        events (n, samples) in counts, whole numbers from 0 to 4095; labels 1 = neutron; extra: ``start`` in ns and
        ``slow_fraction`` (truth).
    """
    n, seed, samples = check_count(n), check_seed(seed), check_count(samples, "samples")
    fraction = check_fraction(signal_fraction, "signal_fraction")
    if samples < 50:
        raise InvalidArgument(f"samples is {samples}; expected at least 50")
    times = 2.0 * np.arange(samples)
    events = np.empty((n, samples), dtype=np.float32)
    labels = np.empty(n, dtype=np.int32)
    truth = {"start": np.empty(n), "slow_fraction": np.empty(n)}
    for part, random in blocks(n, seed, 4):
        signal = random.random(BLOCK) < fraction
        slow = np.clip(random.normal(np.where(signal, 0.35, 0.15), 0.04), 0.0, 1.0)
        start = random.normal(50.0, 10.0, BLOCK)
        amplitude = np.minimum(80.0 + random.exponential(500.0, BLOCK), 3000.0)
        late = np.maximum(times - start[:, None], 0.0)
        rise = np.where(times >= start[:, None], 1.0 - np.exp(-late / 1.5), 0.0)
        # Both components are normalised to their integral, so that `slow` is a fraction of light.
        shape = rise * ((1 - slow)[:, None] * np.exp(-late / 5.0) / 5.0 + slow[:, None] * np.exp(-late / 60.0) / 60.0)
        pulse = 6.0 * amplitude[:, None] * shape
        pulse = random.poisson(2.0 * pulse) / 2.0  # 2 photoelectrons per count
        baseline = random.normal(200.0, 4.0, BLOCK)[:, None]
        wave = np.clip(np.rint(pulse + baseline + 3.0 * random.standard_normal((BLOCK, samples))), 0, 4095)
        size = part.stop - part.start
        events[part], labels[part] = wave[:size], signal[:size]
        truth["start"][part], truth["slow_fraction"][part] = start[:size], slow[:size]
    extra: dict[str, NDArray[np.float64]] = truth
    return EventSet(events, labels, (), np.ones(n), "scintillator waveforms", dict(extra))


def detector_hits(tracks: int = 100, seed: int = 1, *, noise_fraction: float = 0.1) -> EventSet:
    """Hits of one collision in a cylindrical tracker: helices in 2 T through ten layers, and noise.

    Particles come from one vertex near the origin, with 0.5 to 10 GeV of transverse momentum (falling) and |eta| <
    1.5; a layer misses 2 % of them; positions are smeared by 0.05 mm along and 0.1 mm across. Noise is uniform on the
    layers.

    Parameters
    ----------
    tracks : number of particles
    seed : of the generator (Philox)
    noise_fraction : of all hits, below 1

    Returns
    -------
    EventSet
        events (hits, 3): x, y, z in mm, in random order; labels: number of the particle from 0, -1 = noise; extra:
        ``layer``, and ``pt`` in GeV (0 for noise).
    """
    tracks, seed = check_count(tracks, "tracks"), check_seed(seed)
    if not 0 <= noise_fraction < 1:
        raise InvalidArgument(f"noise_fraction is {noise_fraction!r}; expected 0 to below 1")
    random = generator(seed, 5)
    pt = np.minimum(0.5 + random.exponential(1.0, tracks), 10.0)
    charge = np.where(random.random(tracks) < 0.5, 1.0, -1.0)
    phi = random.uniform(-np.pi, np.pi, tracks)
    slope = np.sinh(random.uniform(-1.5, 1.5, tracks))  # pz / pt
    vertex = random.normal(0.0, 50.0)
    curvature_radius = pt / (0.3 * 2.0) * 1000.0  # mm
    # A helix from the axis crosses the cylinder of radius r after turning by 2 asin(r / 2R).
    half_turn = np.arcsin(np.minimum(LAYER_RADII / (2 * curvature_radius[:, None]), 1.0))
    azimuth = phi[:, None] - charge[:, None] * half_turn
    z = vertex + slope[:, None] * 2 * curvature_radius[:, None] * half_turn
    reached = 2 * curvature_radius[:, None] > LAYER_RADII
    seen = reached & (random.random(reached.shape) > 0.02)
    which, layer = np.nonzero(seen)
    azimuth = azimuth[seen] + random.normal(0.0, 0.05, len(which)) / LAYER_RADII[layer]
    z = z[seen] + random.normal(0.0, 0.1, len(which))
    noise = round(noise_fraction / (1 - noise_fraction) * len(which))
    noise_layer = random.integers(0, len(LAYER_RADII), noise)
    azimuth = np.concatenate([azimuth, random.uniform(-np.pi, np.pi, noise)])
    layer = np.concatenate([layer, noise_layer])
    z = np.concatenate([z, vertex + LAYER_RADII[noise_layer] * np.sinh(random.uniform(-1.5, 1.5, noise))])
    labels = np.concatenate([which, np.full(noise, -1)])
    momentum = np.concatenate([pt[which], np.zeros(noise)])
    radius = LAYER_RADII[layer]
    hits = np.column_stack([radius * np.cos(azimuth), radius * np.sin(azimuth), z])
    order = random.permutation(len(hits))
    return EventSet(
        hits[order].astype(np.float32),
        labels[order].astype(np.int32),
        ("x", "y", "z"),
        np.ones(len(hits)),
        "tracker hits",
        {"layer": layer[order].astype(np.int32), "pt": momentum[order].astype(np.float32)},
    )

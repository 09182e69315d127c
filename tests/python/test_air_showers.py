"""Air showers over a surface array: formulas by their definition, the parametric fit, the simulation."""

from __future__ import annotations

import numpy as np
import pytest

from diskern import InvalidArgument, datasets
from diskern.datasets.surface_array import STATION_FEATURES, formulas, parametric_fit


def test_lateral_distribution_is_that_of_the_definition():
    for r, theta in ((300.0, 0.0), (800.0, 20.0), (1500.0, 45.0)):
        eta = 3.97 - 1.79 * (1 / np.cos(np.radians(theta)) - 1)

        def f(distance, eta=eta):
            return (distance / 90) ** -1.2 * (1 + distance / 90) ** -(eta - 1.2) * (1 + distance**2 / 1000**2) ** -0.6

        assert formulas.lateral_distribution(r, theta) == pytest.approx(f(r) / f(800))
    # By hand: eta = 3.97, f(1600)/f(800) = 2^-1.2 (1690/890)^-2.77 (3.56/1.64)^-0.6
    expected = 2**-1.2 * (1690 / 890) ** -2.77 * (3.56 / 1.64) ** -0.6
    assert formulas.lateral_distribution(1600.0, 0.0) == pytest.approx(expected)


def test_geometry_and_arrival_times():
    u, v, w = formulas.direction(30.0, 90.0)
    np.testing.assert_allclose([u, v, w], [0.0, 0.5, np.sqrt(0.75)], atol=1e-12)
    # A station towards the shower is reached earlier; at right angles to it, distance is that on the ground.
    assert formulas.plane_delay(0.0, 1200.0, u, v) == pytest.approx(-600.0 / 0.299792458)
    assert formulas.axis_distance(1200.0, 0.0, u, v) == pytest.approx(1200.0)
    assert formulas.axis_distance(0.0, 1200.0, u, v) == pytest.approx(1200.0 * np.cos(np.radians(30.0)))
    assert formulas.front_delay(870.0, 0.25) == pytest.approx(30.0**1.5 * 2.0)
    energy = formulas.log_energy(formulas.expected_log_s800(19.4, 37.0), 37.0)
    assert energy == pytest.approx(19.4)


def test_fit_finds_what_exact_times_and_signals_say():
    """Without fluctuations, core, direction, S800, time and curvature come back."""
    random = np.random.default_rng(1)
    x, y = (grid.ravel() * 1200.0 for grid in np.meshgrid(np.arange(-3, 4), np.arange(-3, 4)))
    count = 60
    theta, phi = random.uniform(5.0, 45.0, count), random.uniform(-180.0, 180.0, count)
    core, start = random.uniform(-600.0, 600.0, (count, 2)), random.uniform(-500.0, 500.0, count)
    curvature, log_s800 = random.uniform(0.5, 1.2, count), random.uniform(1.8, 2.8, count)
    u, v, _ = np.moveaxis(formulas.direction(theta, phi), -1, 0)[..., None]
    dx, dy = x - core[:, :1], y - core[:, 1:]
    r = formulas.axis_distance(dx, dy, u, v)
    ratio = formulas.lateral_distribution(r, theta[:, None])
    signal = 10 ** log_s800[:, None] * ratio
    time = start[:, None] + formulas.plane_delay(dx, dy, u, v)
    time += curvature[:, None] * formulas.front_delay(r, ratio)
    hit = signal > 1.0
    positions = np.broadcast_to(x, r.shape), np.broadcast_to(y, r.shape)
    # Where signals are large, the two square roots of the fit differ by less than a thousandth.
    fitted = parametric_fit(*positions, time, np.where(hit, signal, 0.0), hit, np.zeros_like(hit))
    np.testing.assert_allclose(fitted["theta"], theta, atol=0.05)
    np.testing.assert_allclose(np.cos(np.radians(fitted["phi"] - phi)), 1.0, atol=1e-4)
    np.testing.assert_allclose(np.stack([fitted["core_x"], fitted["core_y"]], axis=1), core, atol=15.0)
    np.testing.assert_allclose(fitted["log_s800"], log_s800, atol=0.02)
    np.testing.assert_allclose(fitted["curvature"], curvature, rtol=0.02)
    np.testing.assert_allclose(fitted["start"], start, atol=10.0)
    assert fitted["chi2"].max() < 2.0


@pytest.fixture(scope="module")
def showers():
    return datasets.air_showers(600, seed=3)


def test_shapes_and_states(showers):
    assert showers.waveforms.shape == (600, 6, 6, 128, 2)
    assert showers.stations.shape == (600, 6, 6, len(STATION_FEATURES))
    assert showers.waveforms.dtype == showers.stations.dtype == np.float32
    on, hit, saturated = np.moveaxis(showers.stations[..., 2:5], -1, 0)
    assert on.mean() == pytest.approx(0.97, abs=0.01)
    assert set(np.unique(hit)) == {0.0, 1.0}
    assert (hit <= on).all()
    assert 0.0 < saturated.mean() < 0.05
    seen = np.abs(showers.waveforms).max(axis=(3, 4)) > 0
    np.testing.assert_array_equal(seen, hit == 1.0)
    # The signal is the mean of the layers' sums, and waveforms begin before the trigger.
    sums = showers.waveforms.sum(axis=3).mean(axis=-1)
    np.testing.assert_allclose(showers.stations[..., 5][seen], np.log10(1 + np.maximum(sums[seen], 0.05)), atol=1e-3)
    mean = showers.waveforms[seen].mean(axis=-1)
    assert (mean[:, 16] > 0.19).mean() > 0.98
    assert mean[:, :14].mean() < 0.05
    # The core lies in the middle of the part of the array that is kept.
    assert np.abs(showers.stations[..., :2].mean(axis=(1, 2))).max() < 1.2
    assert showers.waveforms.max() <= 300.0


def test_energy_and_direction_are_found_about_as_well_as_by_a_real_array(showers):
    errors = showers.fit_errors()
    assert np.abs(errors.mean(axis=0)) == pytest.approx([0.0, 0.0], abs=0.15)
    # The Telescope Array: about 1 degree and 20 % at these energies.
    assert 0.3 < errors[:, 0].std() < 1.2
    assert 0.05 < errors[:, 1].std() < 0.12
    energy, s800 = showers.truth["log_energy"], showers.fitted["log_s800"]
    upright = showers.truth["theta"] < 30.0
    slope = np.polyfit(energy[upright], s800[upright], 1)[0]
    assert slope == pytest.approx(1.0, abs=0.1)
    # Deeper showers look more energetic: what a network can see and the fit cannot.
    assert np.corrcoef(errors[:, 1], showers.truth["depth"])[0, 1] > 0.6
    core = np.hypot(*(showers.fitted[name] - showers.truth[name] for name in ("core_x", "core_y")))
    assert np.quantile(core, 0.68) < 80.0
    assert (showers.fitted["chi2"] / showers.fitted["degrees"]).mean() == pytest.approx(0.8, abs=0.4)


def test_samples_nest_and_options(showers):
    again = datasets.air_showers(40, seed=3)
    np.testing.assert_array_equal(again.waveforms, showers.waveforms[:40])
    np.testing.assert_array_equal(again.fitted["theta"], showers.fitted["theta"][:40])
    other = datasets.air_showers(10, seed=4, side=4, samples=64)
    assert other.waveforms.shape == (10, 4, 4, 64, 2)
    assert not np.array_equal(other.truth["theta"], showers.truth["theta"][:10])
    assert len(other) == 10
    for arguments, message in (((0,), "n is 0"), ((5, 1), "side is 9"), ((5, 1), "samples is 10")):
        options = {"side is 9": {"side": 9}, "samples is 10": {"samples": 10}}.get(message, {})
        with pytest.raises(InvalidArgument, match=message):
            datasets.air_showers(*arguments, **options)


def test_shower_images():
    showers = datasets.shower_images(1500, seed=2)
    energy = showers.extra["energy"]
    assert showers.events.shape == (1500, 12, 12)
    assert ((energy >= 10) & (energy <= 100)).all()
    total = showers.events.sum(axis=(1, 2)) / energy
    assert total.mean() == pytest.approx(0.997, abs=0.01)  # the rest is below the threshold or outside
    # 12 deposits per GeV with exponential energies: sqrt(2 / 12) = 41 % / sqrt(E)
    low, high = total[energy < 20].std(), total[energy > 50].std()
    assert low == pytest.approx(np.sqrt(2 / 12 / 14.4), rel=0.15)
    assert high == pytest.approx(np.sqrt(2 / 12 / 72), rel=0.15)
    hit = showers.events > 0
    assert showers.events[hit].min() >= 0.02
    assert 0.1 < hit.mean() < 0.3
    np.testing.assert_array_equal(datasets.shower_images(20, seed=2).events, showers.events[:20])
    with pytest.raises(InvalidArgument, match="size"):
        datasets.shower_images(5, size=5)

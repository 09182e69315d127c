"""What a surface array of scintillators expects of an air shower: distances, lateral distribution, arrival times.

Lengths in m, times in ns, signals in VEM (the signal of a vertical muon) per station, angles in degrees, energies as
log10(E / eV). The lateral distribution is AGASA's with the Telescope Array's slope, the delay of the curved front has
Linsley's form (Teshima et al., J. Phys. G 12 (1986) 1097; Telescope Array, arXiv:1205.5067).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

SPEED_OF_LIGHT = 0.299792458  # m / ns
SPACING = 1200.0  # m between stations
SAMPLE = 20.0  # ns between samples of a waveform
MOLIERE_RADIUS = 90.0  # m
FAR_RADIUS = 1000.0  # m, from where the lateral distribution falls faster
FRONT_RADIUS = 30.0  # m, scale of the front's curvature and thickness
DEPTH = 860.0  # g/cm^2 of air above the array
ATTENUATION = 400.0  # g/cm^2 in which S800 falls by e
S800_AT_10_EEV = 60.0  # VEM, vertical showers of average depth


def direction(theta: Any, phi: Any) -> NDArray[np.float64]:
    """Unit vectors, (..., 3), towards where a shower comes from; angles in degrees."""
    zenith, azimuth = np.radians(theta), np.radians(phi)
    return np.stack(
        [np.sin(zenith) * np.cos(azimuth), np.sin(zenith) * np.sin(azimuth), np.cos(zenith) + 0.0 * azimuth], axis=-1
    )


def axis_distance(x: Any, y: Any, along_x: Any, along_y: Any) -> NDArray[np.float64]:
    """Distance in m of points (x, y) from the core on the ground to the axis with the horizontal direction cosines."""
    squared = x * x + y * y - (x * along_x + y * along_y) ** 2
    return np.asarray(np.sqrt(np.maximum(squared, 1.0)))


def plane_delay(x: Any, y: Any, along_x: Any, along_y: Any) -> NDArray[np.float64]:
    """Time in ns after the core at which a plane front reaches (x, y)."""
    return np.asarray(-(x * along_x + y * along_y) / SPEED_OF_LIGHT)


def slope(secant: Any) -> Any:
    """Slope eta of the lateral distribution for the secant of the zenith angle."""
    return 3.97 - 1.79 * (secant - 1.0)


def _shape(r: Any, eta: Any) -> Any:
    return (
        (r / MOLIERE_RADIUS) ** -1.2
        * (1.0 + r / MOLIERE_RADIUS) ** -(eta - 1.2)
        * (1.0 + (r / FAR_RADIUS) ** 2) ** -0.6
    )


def lateral_distribution(r: Any, theta: Any) -> NDArray[np.float64]:
    """Signal at a distance of r m from the axis in units of that at 800 m.

    f(r) / f(800 m) with f(r) = (r/90)^-1.2 (1 + r/90)^-(eta - 1.2) (1 + (r/1000)^2)^-0.6 and
    eta = 3.97 - 1.79 (sec theta - 1).
    """
    eta = slope(1.0 / np.cos(np.radians(theta)))
    return np.asarray(_shape(r, eta) / _shape(800.0, eta))


def front_delay(r: Any, relative_signal: Any) -> NDArray[np.float64]:
    """Delay of the curved front behind a plane, in units of the curvature a: (1 + r/30)^1.5 LDF(r)^-0.5."""
    return np.asarray((1.0 + r / FRONT_RADIUS) ** 1.5 * relative_signal**-0.5)


def front_thickness(r: Any) -> NDArray[np.float64]:
    """Linsley's thickness of the front in ns at a distance of r m, 2.6 (1 + r/30)^1.5."""
    return np.asarray(2.6 * (1.0 + r / FRONT_RADIUS) ** 1.5)


def expected_log_s800(log_energy: Any, theta: Any) -> NDArray[np.float64]:
    """log10 of the average S800 / VEM of showers of an energy and zenith angle."""
    secant = 1.0 / np.cos(np.radians(theta))
    return np.asarray(
        np.log10(S800_AT_10_EEV) + (log_energy - 19.0) - DEPTH * (secant - 1.0) / ATTENUATION / np.log(10.0)
    )


def log_energy(log_s800: Any, theta: Any) -> NDArray[np.float64]:
    """log10(E / eV) of a shower of average development: the inverse of `expected_log_s800`."""
    return np.asarray(19.0 + log_s800 - expected_log_s800(19.0, theta))

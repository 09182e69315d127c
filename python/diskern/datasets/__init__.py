"""Sets of events: generators of any size, and loaders of public ones.

Generators (`gaussians`, `higgs_like`, `dalitz_plane`, `detector_images`, `detector_waveforms`, `detector_hits`,
`air_showers`, `shower_images`) need nothing but a seed; a smaller sample of the same seed is the beginning of a larger
one. Loaders (`load_magic`, `load_higgsml`, `load_higgs`) look in the folder that ``DISKERN_DATA`` names, then in the
cache, then fetch from the public source.
"""

from __future__ import annotations

from .calorimeter import shower_images
from .dalitz import dalitz_plane
from .detector import detector_hits, detector_images, detector_waveforms
from .event_set import EventSet
from .fetch import DatasetUnavailable
from .gaussian import gaussians
from .higgs import higgs_like
from .public import load_higgs, load_higgsml, load_magic
from .surface_array import AirShowers, air_showers

__all__ = [
    "AirShowers",
    "air_showers",
    "DatasetUnavailable",
    "dalitz_plane",
    "EventSet",
    "detector_hits",
    "detector_images",
    "detector_waveforms",
    "gaussians",
    "higgs_like",
    "load_higgs",
    "load_higgsml",
    "load_magic",
    "shower_images",
]

"""gRandom, TRandom, TRandom3."""

from __future__ import annotations

import secrets

import numpy as np


class TRandom3:
    """The Mersenne twister. ``Rndm``, ``Uniform`` and ``Integer`` give ROOT's numbers for the same seed (not 0); the
    other distributions are the same as ROOT's, their numbers are not.

    Parameters
    ----------
    seed : 0: another one each time
    """

    def __init__(self, seed: int = 4357) -> None:
        self.SetSeed(seed)

    def SetSeed(self, seed: int = 0) -> None:
        self._seed = int(seed)
        # The seeding of RandomState (init_genrand) is that of TRandom3::SetSeed.
        self._words = np.random.MT19937()
        seeded = np.random.RandomState((self._seed & 0xFFFFFFFF) or secrets.randbits(32))
        self._words.state = seeded.get_state(legacy=False)  # type: ignore[assignment]
        self._generator = np.random.Generator(np.random.Philox(self._seed or secrets.randbits(32)))

    def GetSeed(self) -> int:
        return self._seed

    def Rndm(self) -> float:
        """Uniform between 0 and 1, without both ends."""
        while True:
            word = int(self._words.random_raw())
            if word:
                return word * 2.0**-32

    def Uniform(self, first: float = 1.0, second: float | None = None) -> float:
        """Between 0 and ``first``, or between both."""
        if second is None:
            return first * self.Rndm()
        return first + (second - first) * self.Rndm()

    def Integer(self, maximum: int) -> int:
        """From 0 to maximum - 1."""
        return int(maximum * self.Rndm())

    def Gaus(self, mean: float = 0.0, sigma: float = 1.0) -> float:
        return float(self._generator.normal(mean, sigma))

    def Exp(self, tau: float) -> float:
        return float(self._generator.exponential(tau))

    def Poisson(self, mean: float) -> int:
        return int(self._generator.poisson(mean))

    def Binomial(self, tries: int, probability: float) -> int:
        return int(self._generator.binomial(tries, probability))

    def Landau(self, mean: float = 0.0, sigma: float = 1.0) -> float:
        from . import NotOffered

        raise NotOffered("gRandom.Landau is not offered: use scipy.stats.moyal or scipy.stats.landau")


TRandom = TRandom3
gRandom = TRandom3()

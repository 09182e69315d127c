"""Higgs-like events of 28 variables: a heavy Higgs decaying through a charged one, against top pairs.

Signal: H0 -> W H+ -> W W h0 with h0 -> b b; background: t t -> W b W b; in both one W decays to a lepton and a
neutrino, the other to two quarks (the processes of Baldi, Sadowski and Whiteson, arXiv:1402.4735). Decays are
isotropic in the rest frame of what decays; jets and leptons are smeared as by a detector. Particle production is a
rough sketch: parton momenta and transverse momenta are drawn from simple shapes. These are not events of an
experiment or of a full simulation.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .event_set import EventSet, check_count, check_fraction, check_seed, fill_blocks

Momenta = NDArray[np.float64]  # (events, 4): E, px, py, pz in GeV
Column = NDArray[np.float64]

M_HEAVY, M_CHARGED, M_LIGHT = 425.0, 325.0, 125.0
M_TOP, WIDTH_TOP, M_W, WIDTH_W, M_B = 172.5, 1.4, 80.4, 2.1, 4.7

LOW_LEVEL = (
    "lepton_pT",
    "lepton_eta",
    "lepton_phi",
    "missing_energy_magnitude",
    "missing_energy_phi",
    *(f"jet_{i}_{what}" for i in (1, 2, 3, 4) for what in ("pt", "eta", "phi", "b_tag")),
)
HIGH_LEVEL = ("m_jj", "m_jjj", "m_lv", "m_jlv", "m_bb", "m_wbb", "m_wwbb")


def higgs_like(n: int, seed: int = 1, *, signal_fraction: float = 0.5) -> EventSet:
    """Events of 28 variables like those of the UCI HIGGS set: 21 measured ones and 7 masses computed from them.

    Parameters
    ----------
    n : number of events
    seed : of the generator (Philox)
    signal_fraction : probability of an event to be signal

    Returns
    -------
    EventSet
        events (n, 28), labels 1 = signal. Momenta and masses in GeV, angles in radians; ``jet_k_b_tag`` is 0, 1
        (loose) or 2 (tight); jets are ordered by transverse momentum. The masses: m_jj of the two jets that are least
        b-like, m_jjj of these and one of the b jets (the one nearer to the top mass), m_lv of lepton and neutrino
        (its pz from the W mass), m_jlv with the other b jet, m_bb of the two b jets, m_wbb of m_lv's W and both b
        jets, m_wwbb of everything.

    Notes
    -----
    Names as in the UCI set, but ``b_tag`` for ``b-tag``, so that they can be used in expressions.
    """
    n, seed = check_count(n), check_seed(seed)
    fraction = check_fraction(signal_fraction, "signal_fraction")

    def make(random: np.random.Generator, size: int) -> tuple[Momenta, NDArray[np.bool_]]:
        signal = random.random(size) < fraction
        partons = np.where(signal[:, None, None], _signal(random, size), _background(random, size))
        low = _measure(random, partons)
        return np.concatenate([low, high_level(low)], axis=1), signal

    events, labels = fill_blocks(n, seed, 2, (28,), make)
    return EventSet(events, labels, LOW_LEVEL + HIGH_LEVEL, np.ones(n), "Higgs-like events")


# ------------------------------------------------------------------------------------------------- kinematics


def _mass(p: Momenta) -> Column:
    return np.asarray(np.sqrt(np.maximum(p[..., 0] ** 2 - np.square(p[..., 1:]).sum(axis=-1), 0.0)))


def _boost(p: Momenta, frame: Momenta) -> Momenta:
    """p, given in the rest frame of `frame`, in the frame in which `frame` is given."""
    mass = _mass(frame)
    along = (p[:, 1:] * frame[:, 1:]).sum(axis=1)
    energy = (p[:, 0] * frame[:, 0] + along) / mass
    factor = (p[:, 0] + energy) / (frame[:, 0] + mass)
    return np.column_stack([energy, p[:, 1:] + factor[:, None] * frame[:, 1:]])


def _decay(
    random: np.random.Generator, parent: Momenta, m1: Column | float, m2: Column | float
) -> tuple[Momenta, Momenta]:
    """Isotropic decay into masses m1 and m2, which must fit into the parent's mass."""
    mass = _mass(parent)
    e1 = (mass**2 + np.square(m1) - np.square(m2)) / (2 * mass)
    momentum = np.sqrt(np.maximum(e1**2 - np.square(m1), 0.0))
    cosine = random.uniform(-1, 1, len(mass))
    phi = random.uniform(-np.pi, np.pi, len(mass))
    sine = np.sqrt(1 - cosine**2)
    direction = np.column_stack([sine * np.cos(phi), sine * np.sin(phi), cosine])
    one = np.column_stack([e1, momentum[:, None] * direction])
    two = np.column_stack([mass - e1, -momentum[:, None] * direction])
    return _boost(one, parent), _boost(two, parent)


def _breit_wigner(random: np.random.Generator, size: int, mass: float, width: float) -> Column:
    """A Breit-Wigner, cut at 10 widths to each side."""
    limit = np.arctan(20.0)
    return np.asarray(mass + 0.5 * width * np.tan(random.uniform(-limit, limit, size)))


def _produce(random: np.random.Generator, mass: Column, pt_mean: float) -> Momenta:
    """A system of some mass with a falling transverse momentum and a central rapidity."""
    pt = random.gamma(2.0, pt_mean / 2.0, len(mass))
    phi = random.uniform(-np.pi, np.pi, len(mass))
    rapidity = np.clip(random.normal(0.0, 0.9, len(mass)), -2.5, 2.5)
    transverse = np.hypot(mass, pt)
    return np.column_stack(
        [transverse * np.cosh(rapidity), pt * np.cos(phi), pt * np.sin(phi), transverse * np.sinh(rapidity)]
    )


def _final_state(
    random: np.random.Generator, w1: Momenta, w2: Momenta, b1: Momenta, b2: Momenta
) -> NDArray[np.float64]:
    """Lepton, neutrino, two quarks, two b quarks as (events, 6, 4); either W may be the leptonic one."""
    swap = random.random(len(w1)) < 0.5
    leptonic = np.where(swap[:, None], w2, w1)
    hadronic = np.where(swap[:, None], w1, w2)
    lepton, neutrino = _decay(random, leptonic, 0.0, 0.0)
    q1, q2 = _decay(random, hadronic, 0.0, 0.0)
    return np.stack([lepton, neutrino, q1, q2, b1, b2], axis=1)


def _signal(random: np.random.Generator, size: int) -> NDArray[np.float64]:
    m_w1, m_w2 = _breit_wigner(random, size, M_W, WIDTH_W), _breit_wigner(random, size, M_W, WIDTH_W)
    heavy = _produce(random, np.full(size, M_HEAVY), 60.0)
    charged, w1 = _decay(random, heavy, M_CHARGED, np.minimum(m_w1, M_HEAVY - M_CHARGED - 1.0))
    light, w2 = _decay(random, charged, M_LIGHT, m_w2)
    b1, b2 = _decay(random, light, M_B, M_B)
    return _final_state(random, w1, w2, b1, b2)


def _background(random: np.random.Generator, size: int) -> NDArray[np.float64]:
    m_t1, m_t2 = _breit_wigner(random, size, M_TOP, WIDTH_TOP), _breit_wigner(random, size, M_TOP, WIDTH_TOP)
    m_w1, m_w2 = _breit_wigner(random, size, M_W, WIDTH_W), _breit_wigner(random, size, M_W, WIDTH_W)
    pair = _produce(random, m_t1 + m_t2 + random.gamma(1.5, 65.0, size) + 1.0, 45.0)
    t1, t2 = _decay(random, pair, m_t1, m_t2)
    w1, b1 = _decay(random, t1, m_w1, M_B)
    w2, b2 = _decay(random, t2, m_w2, M_B)
    return _final_state(random, w1, w2, b1, b2)


# ------------------------------------------------------------------------------------------------- measurement


def _cylindrical(p: Momenta) -> tuple[Column, Column, Column]:
    """Transverse momentum, pseudorapidity (limited to |eta| < 5) and azimuth."""
    pt = np.maximum(np.hypot(p[..., 1], p[..., 2]), 1e-6)
    return pt, np.clip(np.arcsinh(p[..., 3] / pt), -5.0, 5.0), np.arctan2(p[..., 2], p[..., 1])


def _measure(random: np.random.Generator, partons: NDArray[np.float64]) -> NDArray[np.float64]:
    """The 21 low-level variables: smeared lepton, jets and missing energy, b tags."""
    size = len(partons)
    pt, eta, phi = _cylindrical(partons[:, 0])
    lepton_pt = pt * np.maximum(random.normal(1.0, 0.02, size), 0.5)
    jets, is_b = _replace_lost(random, partons[:, 2:])
    jet_pt, jet_eta, jet_phi = _cylindrical(jets)
    resolution = np.hypot(1.0 / np.sqrt(np.maximum(jets[..., 0], 1.0)), 0.08)
    response = np.clip(1.0 + resolution * random.standard_normal((size, 4)), 0.2, 2.0)
    response = response * np.where(is_b, 0.93, 1.0)  # neutrinos in b decays
    # Missing energy balances what is measured wrong, besides the neutrino and a soft term.
    lost = (jets[..., 1:3] * (1.0 - response)[..., None]).sum(axis=1)
    missing = partons[:, 1, 1:3] + lost + 6.0 * random.standard_normal((size, 2))
    jet_eta = jet_eta + 0.03 * random.standard_normal((size, 4))
    jet_phi = jet_phi + 0.03 * random.standard_normal((size, 4))
    uniform = random.random((size, 4))
    tight, loose = np.where(is_b, 0.55, 0.02), np.where(is_b, 0.80, 0.12)
    tag = (uniform < loose).astype(np.float64) + (uniform < tight)
    jet_pt = jet_pt * response
    order = np.argsort(-jet_pt, axis=1, kind="stable")

    def ordered(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.take_along_axis(values, order, axis=1))

    jet_columns = np.stack([ordered(jet_pt), ordered(jet_eta), ordered(_wrap(jet_phi)), ordered(tag)], axis=2)
    return np.concatenate(
        [
            np.column_stack(
                [lepton_pt, eta, phi, np.hypot(missing[:, 0], missing[:, 1]), np.arctan2(missing[:, 1], missing[:, 0])]
            ),
            jet_columns.reshape(size, 16),
        ],
        axis=1,
    )


def _replace_lost(
    random: np.random.Generator, partons: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Quarks outside the acceptance (pt > 20 GeV, abs(eta) < 2.5), and one in six others, give way to radiated gluons.

    Returns momenta (events, 4, 4) and which of them are b quarks.
    """
    size = len(partons)
    pt, eta, _ = _cylindrical(partons)
    lost = (pt < 20.0) | (np.abs(eta) > 2.5) | (random.random((size, 4)) < 1 / 6)
    gluon_pt = 20.0 + random.exponential(25.0, (size, 4))
    gluon = _massless(gluon_pt, random.uniform(-2.5, 2.5, (size, 4)), random.uniform(-np.pi, np.pi, (size, 4)))
    return np.where(lost[..., None], gluon, partons), ~lost & np.array([False, False, True, True])


def _wrap(phi: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.mod(phi + np.pi, 2 * np.pi) - np.pi)


def _massless(pt: NDArray[np.float64], eta: NDArray[np.float64], phi: NDArray[np.float64]) -> Momenta:
    return np.stack([pt * np.cosh(eta), pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)], axis=-1)


def high_level(low: NDArray[np.float64]) -> NDArray[np.float64]:
    """The 7 masses (events, 7) in GeV from the 21 low-level variables (events, 21); see `higgs_like`."""
    lepton = _massless(low[:, 0], low[:, 1], low[:, 2])
    missing, azimuth = low[:, 3], low[:, 4]
    jets = low[:, 5:].reshape(-1, 4, 4)
    momenta = _massless(jets[..., 0], jets[..., 1], jets[..., 2])
    # Most b-like first; jets of equal tag by transverse momentum.
    order = np.argsort(-jets[..., 3], axis=1, kind="stable")
    momenta = np.take_along_axis(momenta, order[..., None], axis=1)
    b1, b2, q1, q2 = (momenta[:, i] for i in range(4))
    # Neutrino: pz from m(lv) = m_W, the smaller solution; its real part where there is none.
    px, py = missing * np.cos(azimuth), missing * np.sin(azimuth)
    lepton_pt2 = np.maximum(lepton[:, 1] ** 2 + lepton[:, 2] ** 2, 1e-12)
    a = M_W**2 / 2 + lepton[:, 1] * px + lepton[:, 2] * py
    middle = a * lepton[:, 3] / lepton_pt2
    root = lepton[:, 0] / lepton_pt2 * np.sqrt(np.maximum(a**2 - lepton_pt2 * missing**2, 0.0))
    pz = np.where(np.abs(middle - root) < np.abs(middle + root), middle - root, middle + root)
    neutrino = np.column_stack([np.sqrt(missing**2 + pz**2), px, py, pz])
    leptonic, hadronic = lepton + neutrino, q1 + q2
    first, second = _mass(hadronic + b1), _mass(hadronic + b2)
    use_first = np.abs(first - M_TOP) <= np.abs(second - M_TOP)
    other = np.where(use_first[:, None], b2, b1)
    return np.column_stack(
        [
            _mass(hadronic),
            np.where(use_first, first, second),
            _mass(leptonic),
            _mass(leptonic + other),
            _mass(b1 + b2),
            _mass(leptonic + b1 + b2),
            _mass(leptonic + hadronic + b1 + b2),
        ]
    )

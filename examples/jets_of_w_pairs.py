"""Four jets of a pair of W bosons by k-means, and the mass of the W.

    python jets_of_w_pairs.py [--events 500]

e+ e- -> W W -> four quarks at 200 GeV, each of which becomes a spray of particles. The number of jets is known, so that
they are clusters of k-means among the directions of the particles, with the energies as weights. Of the three ways to
make two pairs of four jets the one with the most equal masses is taken.
"""

import argparse

import numpy as np

from diskern import KMeans
from diskern.plotting import plot_clusters, plot_elbow

W_MASS, W_WIDTH, COLLISION_ENERGY = 80.4, 2.1, 200.0  # GeV


def boosted(momenta, energy, velocity):
    """Four-vectors (energy first) of massless particles, seen from a frame in which theirs moves with a velocity."""
    gamma = 1 / np.sqrt(1 - velocity @ velocity)
    along = momenta @ velocity
    moved = momenta + ((gamma - 1) * along / (velocity @ velocity) + gamma * energy)[:, None] * velocity
    return np.column_stack([gamma * (energy + along), moved])


def isotropic(random):
    cosine, phi = random.uniform(-1, 1), random.uniform(-np.pi, np.pi)
    sine = np.sqrt(1 - cosine**2)
    return np.array([sine * np.cos(phi), sine * np.sin(phi), cosine])


def particles_of(quark, random):
    """Massless particles along a quark, 0.4 GeV of transverse momentum each, with its energy in the sum."""
    share = random.dirichlet(np.full(12, 0.7)) * quark[0]
    axis = quark[1:] / quark[0]
    momenta = share[:, None] * axis + random.normal(0, 0.4 / np.sqrt(2), (12, 3))
    energy = np.linalg.norm(momenta, axis=1)
    scale = quark[0] / energy.sum()
    return np.column_stack([energy, momenta]) * scale


def simulate(random):
    """The particles of one event (energy, momentum) and the quark of each."""
    masses = np.clip(W_MASS + 0.5 * W_WIDTH * random.standard_cauchy(2), 70, 90)
    line = isotropic(random)
    energy = (COLLISION_ENERGY**2 + masses**2 - masses[::-1] ** 2) / (2 * COLLISION_ENERGY)
    momentum = np.sqrt(energy[0] ** 2 - masses[0] ** 2)
    particles, quarks = [], []
    for w, sign in enumerate((1, -1)):
        decay = isotropic(random) * masses[w] / 2
        pair = boosted(np.stack([decay, -decay]), np.full(2, masses[w] / 2), sign * momentum / energy[w] * line)
        for q, quark in enumerate(pair):
            spray = particles_of(quark, random)
            particles.append(spray)
            quarks.append(np.full(len(spray), 2 * w + q))
    return np.concatenate(particles), np.concatenate(quarks)


def mass(four_vector):
    return np.sqrt(max(four_vector[0] ** 2 - four_vector[1:] @ four_vector[1:], 0.0))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=500)
    events = parser.parse_args().events
    random = np.random.default_rng(5)
    masses, right = [], []
    for event in range(events):
        particles, quarks = simulate(random)
        energy = particles[:, 0]
        direction = particles[:, 1:] / energy[:, None]
        found = KMeans(4, n_init=5, random_state=0).fit(direction, sample_weight=energy)
        if event == 0:
            ks = range(1, 9)
            inertia = [KMeans(k, n_init=5, random_state=0).fit(direction, sample_weight=energy).inertia_ for k in ks]
            plot_elbow(list(ks), inertia).figure.savefig("elbow.png")
            angles = np.stack([np.arctan2(direction[:, 1], direction[:, 0]), direction[:, 2]], axis=1)
            plot_clusters(angles, found.labels_, names=("azimuth [rad]", "cosine of the polar angle")).figure.savefig(
                "jets.png"
            )
        jets = np.stack([particles[found.labels_ == label].sum(axis=0) for label in range(4)])
        pairings = [((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2))]
        both = [[mass(jets[list(pair)].sum(axis=0)) for pair in pairing] for pairing in pairings]
        masses.extend(min(both, key=lambda two: abs(two[0] - two[1])))
        # Energy that went to the jet of most of its quark.
        table = np.zeros((4, 4))
        np.add.at(table, (found.labels_, quarks), energy)
        right.append(table.max(axis=0).sum() / energy.sum())
    low, median, high = np.percentile(masses, [16, 50, 84])
    print(f"{events} events, {np.mean(right):.1%} of the energy in the jet of its quark")
    print(f"W mass {median:.1f} GeV (median), 68 % between {low:.1f} and {high:.1f}; simulated: {W_MASS} GeV")
    print("inertia against the number of jets is in elbow.png, the jets of the first event in jets.png")


if __name__ == "__main__":
    main()

"""The rules of the split: counts, modes, order, normalisation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diskern._core import InvalidArgument
from diskern.data.split import (
    Counts,
    Purpose,
    mix_classes,
    normalisation_factors,
    permutation,
    split_class,
    split_counts,
    split_validation,
)


@pytest.mark.parametrize(
    ("assigned", "undecided", "requested", "expected"),
    [
        # nothing requested: equal halves when the undecided events can make them so (an odd one is left over)
        ((0, 0), 10, (0, 0), (5, 5, 5, 5)),
        ((0, 0), 11, (0, 0), (5, 5, 5, 5)),
        ((4, 2), 6, (0, 0), (6, 6, 6, 6)),
        # ... else all of them go to the smaller sample
        ((8, 2), 3, (0, 0), (8, 5, 8, 5)),
        ((2, 8), 3, (0, 0), (5, 8, 5, 8)),
        ((3, 3), 0, (0, 0), (3, 3, 3, 3)),
        # one requested: the other takes all the rest
        ((0, 0), 10, (3, 0), (3, 7, 3, 7)),
        ((0, 0), 10, (0, 3), (7, 3, 7, 3)),
        ((5, 1), 10, (3, 0), (5, 11, 5, 11)),
        ((1, 5), 10, (0, 3), (11, 5, 11, 5)),
        # both requested: free ones are shared, then both are cut down
        ((0, 0), 10, (3, 4), (4, 6, 3, 4)),
        ((5, 0), 10, (3, 4), (8, 7, 3, 4)),
        ((0, 0), 10, (5, 5), (5, 5, 5, 5)),
    ],
)
def test_counts(
    assigned: tuple[int, int], undecided: int, requested: tuple[int, int], expected: tuple[int, int, int, int]
) -> None:
    assert split_counts("c", assigned, undecided, requested) == Counts(*expected)


@pytest.mark.parametrize(
    ("assigned", "undecided", "requested"),
    [((0, 0), 10, (11, 0)), ((0, 0), 10, (0, 11)), ((0, 4), 6, (7, 0)), ((4, 0), 6, (0, 7)), ((0, 0), 10, (6, 5))],
)
def test_counts_above_what_is_there(assigned: tuple[int, int], undecided: int, requested: tuple[int, int]) -> None:
    with pytest.raises(InvalidArgument, match=r"class 'c': .* requested, .* available"):
        split_counts("c", assigned, undecided, requested)


@given(
    st.integers(0, 30),
    st.integers(0, 30),
    st.integers(0, 60),
    st.integers(0, 40),
    st.integers(0, 40),
    st.sampled_from(["Random", "Alternate", "Block"]),
)
def test_every_event_is_used_at_most_once(r: int, s: int, u: int, wanted_r: int, wanted_s: int, mode: str) -> None:
    try:
        counts = split_counts("c", (r, s), u, (wanted_r, wanted_s))
    except InvalidArgument:
        return
    everything = np.arange(r + s + u)
    training, test = split_class(everything[:r], everything[r : r + s], everything[r + s :], counts, mode, 100, 0)
    assert len(training) == counts.keep_training
    assert len(test) == counts.keep_test
    assert len(set(training) | set(test)) == len(training) + len(test)
    assert not set(training) & set(everything[r : r + s])  # a decided event never changes sides
    assert not set(test) & set(everything[:r])
    if wanted_r and wanted_s:
        assert (len(training), len(test)) == (wanted_r, wanted_s)
    elif not wanted_r and not wanted_s and u >= abs(r - s):
        assert len(training) == len(test) == (r + s + u) // 2
    else:
        assert len(training) + len(test) == r + s + u


def test_alternate_fills_quotas_in_turn() -> None:
    none = np.empty(0, np.int64)
    training, test = split_class(none, none, np.arange(10), Counts(3, 7, 3, 7), "Alternate", 1, 0)
    assert training.tolist() == [0, 2, 4]
    assert test.tolist() == [1, 3, 5, 6, 7, 8, 9]
    training, test = split_class(none, none, np.arange(10), Counts(7, 3, 7, 3), "Alternate", 1, 0)
    assert training.tolist() == [0, 2, 4, 6, 7, 8, 9]
    assert test.tolist() == [1, 3, 5]


def test_permutations_are_pinned_and_independent() -> None:
    # Philox4x64-10 of key (seed, purpose << 32 | class): a change here changes everybody's splits.
    assert permutation(10, 100, Purpose.SPLIT).tolist() == [4, 1, 6, 2, 8, 3, 0, 7, 9, 5]
    assert sorted(permutation(1000, 7, Purpose.SPLIT, 3)) == list(range(1000))
    orders = [permutation(50, 7, purpose, index).tolist() for purpose in Purpose for index in (0, 1)]
    assert len({tuple(order) for order in orders}) == len(orders)
    assert permutation(0, 1, Purpose.SPLIT).tolist() == []


def test_random_split_is_uniform() -> None:
    none = np.empty(0, np.int64)
    hits = np.zeros(20)
    for seed in range(1, 401):
        training, _ = split_class(none, none, np.arange(20), Counts(10, 10, 10, 10), "Random", seed, 0)
        hits[training] += 1
    assert np.abs(hits - 200).max() < 50  # 5 standard deviations of a binomial


def test_validation_and_mix() -> None:
    training, held = split_validation(np.arange(100, 140), 10, 5, 0)
    assert len(held) == 10
    assert sorted([*training, *held]) == list(range(100, 140))
    assert (np.diff(training) > 0).all()
    a, b, c = np.array([0, 1, 2]), np.array([3]), np.array([4, 5])
    order = np.array([5, 1, 3, 0, 2, 4])
    assert mix_classes([a, b, c], order, "Block", 1, Purpose.MIX_TEST).tolist() == [0, 1, 2, 3, 4, 5]
    assert mix_classes([a, b, c], order, "Alternate", 1, Purpose.MIX_TEST).tolist() == [0, 3, 4, 1, 5, 2]
    assert mix_classes([a, b, c], order, "Input", 1, Purpose.MIX_TEST).tolist() == [3, 1, 4, 2, 5, 0]
    assert sorted(mix_classes([a, b, c], order, "Random", 1, Purpose.MIX_TEST)) == [0, 1, 2, 3, 4, 5]


def test_normalisation() -> None:
    names = ["s", "b"]
    assert normalisation_factors("None", [10, 20], [5.0, -1.0], names) == [1.0, 1.0]
    assert normalisation_factors("NumEvents", [10, 20], [5.0, 80.0], names) == [2.0, 0.25]
    assert normalisation_factors("EqualNumEvents", [10, 20], [5.0, 80.0], names) == [2.0, 0.125]
    for total in (0.0, -1.0, float("nan")):
        with pytest.raises(InvalidArgument, match="class 'b': the training weights sum to"):
            normalisation_factors("NumEvents", [10, 20], [5.0, total], names)

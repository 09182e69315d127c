"""Plots of clusters: checked on the artists, not on pixels."""

from __future__ import annotations

import numpy as np
import pytest

from diskern import InvalidArgument, plotting


def test_clusters_have_colours_and_noise_is_grey() -> None:
    points = np.arange(30.0).reshape(10, 3)
    labels = np.array([0, 0, 0, 1, 1, 1, -1, -1, 2, 2])
    axes = plotting.plot_clusters(points, labels, dimensions=(2, 0), names=("x", "y", "z"), centres=points[:2])
    noise, clusters, centres = axes.collections
    np.testing.assert_array_equal(noise.get_offsets(), points[labels < 0][:, [2, 0]])
    np.testing.assert_array_equal(clusters.get_offsets(), points[labels >= 0][:, [2, 0]])
    colours = clusters.get_facecolors()
    assert len(np.unique(colours, axis=0)) == 3
    for k in (0, 1, 2):
        assert len(np.unique(colours[labels[labels >= 0] == k], axis=0)) == 1
    assert len(centres.get_offsets()) == 2
    assert axes.get_xlabel() == "z"
    assert axes.get_ylabel() == "x"
    assert axes.get_title() == "3 clusters, 20.0% noise"
    axes.figure.canvas.draw()


def test_no_cluster_is_grey_and_eighteen_differ() -> None:
    axes = plotting.plot_clusters(np.zeros((18, 2)), np.arange(18))
    colours = axes.collections[1].get_facecolors()[:, :3]
    assert len(np.unique(colours, axis=0)) == 18
    assert (np.ptp(colours, axis=1) > 0.05).all()


def test_of_many_points_some_are_drawn_and_the_title_says_so() -> None:
    axes = plotting.plot_clusters(np.zeros((1000, 2)), np.zeros(1000, int), most=100)
    assert len(axes.collections[1].get_offsets()) == 100
    assert "every 10th of 1000 points" in axes.get_title()


def test_scales_are_equal_where_that_is_asked_for() -> None:
    points = np.array([[0.0, 0.0], [100.0, 1.0]])
    assert plotting.plot_clusters(points, [0, 1]).get_aspect() == "auto"
    axes = plotting.plot_clusters(points, [0, 1], equal_scales=True)
    axes.figure.draw_without_rendering()
    (x0, y0), (x1, y1) = axes.transData.transform([[0.0, 0.0], [1.0, 1.0]])
    assert x1 - x0 == pytest.approx(y1 - y0)


def test_elbow() -> None:
    axes = plotting.plot_elbow([1, 2, 4], [9.0, 5.0, 4.5])
    np.testing.assert_array_equal(axes.lines[0].get_xydata(), [[1, 9], [2, 5], [4, 4.5]])
    with pytest.raises(InvalidArgument, match="as many"):
        plotting.plot_elbow([1, 2], [3.0])


def test_neighbour_distance_tells_core_points() -> None:
    points = np.array([[0.0], [1.0], [2.0], [3.0], [10.0]])
    # To the third nearest, itself included: 2, 1, 1, 2, 8.
    axes = plotting.plot_neighbour_distance(points, 3, eps=2.0)
    np.testing.assert_allclose(axes.lines[0].get_ydata(), [8, 2, 2, 1, 1])
    assert "80.0% core points" in axes.get_legend().get_texts()[0].get_text()
    same = plotting.plot_neighbour_distance(np.zeros((5, 2)), 2)
    assert same.get_yscale() == "linear"


@pytest.mark.parametrize(
    ("number", "word"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (22, "22nd")]
)
def test_which_neighbour_is_spelt_right(number: int, word: str) -> None:
    axes = plotting.plot_neighbour_distance(np.arange(60.0).reshape(30, 2), number)
    assert axes.get_ylabel() == f"Distance to the {word} nearest, itself included"


def test_silhouettes_of_every_cluster() -> None:
    points = np.array([[0.0], [1.0], [10.0], [11.0], [12.0], [500.0]])
    labels = np.array([3, 3, 5, 5, 5, -1])
    axes = plotting.plot_silhouette(points, labels)
    # By hand: of the point 0 (a = 1, b = 11): 1 - 1 / 11; and so on.
    expected = np.array([1 - 1 / 11, 1 - 1 / 10, 1 - 1.5 / 9.5, 1 - 1 / 10.5, 1 - 1.5 / 11.5])
    assert axes.lines[0].get_xdata()[0] == pytest.approx(expected.mean())
    assert axes.get_legend().get_texts()[0].get_text() == f"mean {expected.mean():.2f}"
    assert [text.get_text() for text in axes.get_yticklabels()] == ["3", "5"]
    widest = [collection.get_paths()[0].vertices[:, 0].max() for collection in axes.collections]
    np.testing.assert_allclose(widest, [expected[:2].max(), expected[2:].max()])
    with pytest.raises(InvalidArgument, match="1 clusters"):
        plotting.plot_silhouette(points[:2], labels[:2])


def test_bad_input() -> None:
    with pytest.raises(InvalidArgument, match="labels"):
        plotting.plot_clusters(np.zeros((3, 2)), [0, 1])
    with pytest.raises(InvalidArgument, match="dimensions"):
        plotting.plot_clusters(np.zeros((3, 1)), [0, 1, 2])
    with pytest.raises(InvalidArgument, match="min_samples"):
        plotting.plot_neighbour_distance(np.zeros((3, 1)), 4)

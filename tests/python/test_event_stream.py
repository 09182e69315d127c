"""Events that are read while a network trains: order, memory, errors, augmentation, files."""

from __future__ import annotations

import threading
import tracemalloc

import numpy as np
import pytest

from diskern import GraphNetwork, InvalidArgument, NetworkClassifier, NetworkRegressor
from diskern.data import EventStream, Flip, Noise, RightAngles, Shift
from diskern.networks import Concatenate, Convolution2D, Dense, Flatten, Graph, Input, Standardise

pytest.importorskip("sklearn")


def taken(stream, batch_size=64, seed=1, epoch=0, training=True):
    """All batches of an epoch."""
    batches = stream.batches(["x"], batch_size, lambda parts: parts[0][:, None], seed=seed, training=training)
    batches.begin_epoch(epoch)
    try:
        return [batches.next() for _ in range(batches.batches())]
    finally:
        batches.close()


def numbered(count, **options):
    return EventStream(
        {"x": np.arange(count, dtype=np.float32), "y": np.arange(count) * 2.0, "w": np.arange(count) + 0.5},
        "x",
        "y",
        "w",
        **options,
    )


@pytest.mark.parametrize(("buffer", "block"), [(300, 50), (1, 7), (64, 1000), (5000, 128), (50, 100)])
def test_every_event_comes_once_an_epoch_with_its_target_and_weight(buffer, block):
    stream = numbered(1003, buffer=buffer, block=block)
    for epoch in (0, 1):
        batches = taken(stream, epoch=epoch)
        assert [len(events) for events, _, _ in batches] == [64] * 15 + [43]
        events, targets, weight = (np.concatenate([batch[i] for batch in batches]) for i in range(3))
        np.testing.assert_array_equal(np.sort(events[:, 0]), np.arange(1003))
        np.testing.assert_array_equal(targets, 2 * events)
        np.testing.assert_array_equal(weight, events[:, 0] + 0.5)


def test_order_depends_on_seed_and_epoch_only():
    stream = numbered(1000, buffer=200, block=50, augmentation=Noise(0.1))
    first, again = taken(stream), taken(numbered(1000, buffer=200, block=50, prefetch=1, augmentation=Noise(0.1)))
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one[0], other[0])
    for other in (taken(stream, seed=2), taken(stream, epoch=1)):
        assert not np.array_equal(first[0][0], other[0][0])


def test_buffer_mixes_blocks():
    """Neighbours of a batch come from all over the buffer, and those of the first batch from no more than that."""
    stream = numbered(10000, buffer=2000, block=100)
    first = taken(stream)[0][0][:, 0]
    blocks = np.unique(first // 100)
    assert 15 <= len(blocks) <= 20  # 64 of 2000 events of 20 blocks
    assert np.ptp(blocks) > 50  # read in random order
    in_order = np.concatenate([batch[0][:, 0] for batch in taken(stream, training=False)])
    np.testing.assert_array_equal(in_order, np.arange(10000))


def write_hdf5(path, arrays):
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file["events/" + name] = array
    return f"{path}:events"


def write_parquet(path, arrays):
    pyarrow = pytest.importorskip("pyarrow")
    import pyarrow.parquet as parquet

    columns = {name: pyarrow.array(array.tolist() if array.ndim > 1 else array) for name, array in arrays.items()}
    parquet.write_table(pyarrow.table(columns), path, row_group_size=170)
    return path


def write_root(path, arrays):
    uproot = pytest.importorskip("uproot")
    with uproot.recreate(path) as file:
        file["events"] = dict(arrays)
    return f"{path}:events"


@pytest.mark.parametrize(("write", "suffix"), [(write_hdf5, "h5"), (write_parquet, "parquet"), (write_root, "root")])
def test_files_train_the_network_that_arrays_train(write, suffix, tmp_path):
    random = np.random.default_rng(1)
    arrays = {
        "image": random.normal(size=(600, 4, 4, 1)).astype(np.float32),
        "a": random.normal(size=600),
        "b": random.normal(size=600),
    }
    arrays["y"] = arrays["image"].sum(axis=(1, 2, 3)) + arrays["a"] - arrays["b"]
    image, numbers = Input((4, 4, 1), name="image"), Input((2,), name="numbers")
    value = Concatenate()(Flatten()(Convolution2D(4, 3)(image)), Standardise()(numbers))

    def trained(source, weights=None):
        stream = EventStream(
            source, {"image": "image", "numbers": ["a", "b"]}, "y", buffer=170, block=170, rows=(0, 510)
        )
        model = GraphNetwork(Graph([image, numbers], Dense(1)(value)), learning_rate=0.01, max_iter=15, random_state=3)
        return model.fit(stream, eval_set=stream.part(0, 100)), stream

    ours, stream = trained(arrays)
    model, other = trained(write(tmp_path / f"events.{suffix}", arrays))
    np.testing.assert_array_equal(model.predictor_.parameters, ours.predictor_.parameters)
    assert model.n_iter_ == 15
    assert len(model.validation_loss_) == 15
    assert model.validation_loss_[-1] < 0.2 * model.validation_loss_[0]
    np.testing.assert_array_equal(model.predict(other), ours.predict(stream))
    inputs = {"image": arrays["image"][:510], "numbers": np.stack([arrays["a"], arrays["b"]], axis=1)[:510]}
    np.testing.assert_array_equal(model.predict(other), ours.predict(inputs))
    # Several files one after the other.
    both = EventStream(
        [write(tmp_path / f"again.{suffix}", arrays), arrays], {"image": "image", "numbers": ["a", "b"]}, "y"
    )
    np.testing.assert_array_equal(both.column("a"), np.tile(arrays["a"], 2))


def test_classifier_and_regressor():
    random = np.random.default_rng(2)
    x = random.normal(size=(3000, 4)).astype(np.float32)
    kind = np.array(["electron", "muon", "tau"])[np.argmax(x[:, :3], axis=1)]
    stream = EventStream({"x": x, "kind": kind, "y": 100 + 30 * x[:, 0]}, "x", "kind", buffer=1000, block=300)
    options = {"layers": [Dense(32, activation="relu")], "learning_rate_init": 0.01, "random_state": 1}
    model = NetworkClassifier(max_iter=15, **options).fit(stream, eval_set=(x[:500], kind[:500]))
    assert list(model.classes_) == ["electron", "muon", "tau"]
    assert model.score(x, kind) > 0.93
    assert len(model.validation_loss_) == 15
    target = EventStream({"x": x, "y": 100 + 30 * x[:, 0]}, "x", "y", buffer=1000, block=300)
    regressor = NetworkRegressor(max_iter=15, **options).fit(target, eval_set=target.part(0, 500))
    assert regressor.score(x, 100 + 30 * x[:, 0]) > 0.99
    again = NetworkRegressor(max_iter=15, n_jobs=1, **options).fit(target, eval_set=target.part(0, 500))
    np.testing.assert_array_equal(again.predict(x), regressor.predict(x))


def test_weights_and_their_policies():
    random = np.random.default_rng(3)
    x = random.normal(size=(2000, 1)).astype(np.float32)
    y = np.where(np.arange(2000) % 2, 1.0, 3.0)
    graph = Graph((value := Input((1,))), Dense(1)(value))
    options = {"learning_rate": 0.05, "max_iter": 30, "random_state": 1}
    weight = np.where(y == 1.0, 3e5, 1e5)  # their scale does not matter
    stream = EventStream({"x": x, "y": y, "w": weight}, "x", "y", "w", buffer=500, block=100)
    assert GraphNetwork(graph, **options).fit(stream).predict(x).mean() == pytest.approx(1.5, abs=0.05)
    stream = EventStream({"x": x, "y": y, "w": np.where(y == 1.0, 1.0, -0.5)}, "x", "y", "w", buffer=500, block=100)
    model = GraphNetwork(graph, negative_weights="ignore", **options).fit(stream)
    assert model.predict(x).mean() == pytest.approx(1.0, abs=0.05)
    with pytest.raises(InvalidArgument, match="negative in event"):
        GraphNetwork(graph, negative_weights="error", **options).fit(stream)


def test_memory_is_bounded(tmp_path):
    """40 MB of events with a buffer of 2 MB."""
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "large.h5"
    with h5py.File(path, "w") as file:
        x = file.create_dataset("x", (20000, 500), np.float32)
        for first in range(0, 20000, 1000):
            x[first : first + 1000] = np.random.default_rng(first).normal(size=(1000, 500))
        file["y"] = np.zeros(20000, np.float32)
    stream = EventStream(path, "x", "y", buffer=1000, block=250, prefetch=2)
    graph = Graph((value := Input((500,))), Dense(1)(value))
    model = GraphNetwork(graph, max_iter=2, batch_size=100, random_state=1)
    tracemalloc.start()
    try:
        model.fit(stream)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert model.n_iter_ == 2
    assert peak < 12e6  # buffer and block 2.5, first events 2, blocks and copies of them


def test_errors_of_the_thread_end_the_fit(tmp_path):
    x = np.zeros((5000, 2), np.float32)
    x[4321, 1] = np.nan
    graph = Graph((value := Input((2,))), Dense(1)(value))
    stream = EventStream({"x": x, "y": np.zeros(5000)}, "x", "y", buffer=300, block=100)
    model = GraphNetwork(graph, max_iter=3, random_state=2)
    with pytest.raises(InvalidArgument, match="column 'x' is not finite in event 4321"):
        model.fit(stream)
    assert not [one for one in threading.enumerate() if one.name == "diskern event stream"]

    class Broken:
        """An array whose end cannot be read."""

        shape, dtype = (5000, 2), np.dtype(np.float32)

        def __len__(self):
            return 5000

        def __getitem__(self, where):
            if where.stop > 4000:
                raise OSError("disk fell out")
            return x[where]

    stream = EventStream({"x": Broken(), "y": np.zeros(5000)}, "x", "y", buffer=300, block=100)
    with pytest.raises(OSError, match="disk fell out"):
        GraphNetwork(graph, max_iter=3, random_state=1).fit(stream)
    assert not [one for one in threading.enumerate() if one.name == "diskern event stream"]


def test_interrupt_keeps_the_best_weights(monkeypatch):
    """Ctrl-C while the fit waits for events."""
    stream = numbered(2000, buffer=500, block=100)
    calls = []
    from diskern.data.stream import StreamBatches

    following = StreamBatches.next

    def interrupted(self):
        calls.append(1)
        if len(calls) == 40:
            raise KeyboardInterrupt
        return following(self)

    monkeypatch.setattr(StreamBatches, "next", interrupted)
    graph = Graph((value := Input((1,), name="x")), Dense(1)(Standardise()(value)))
    model = GraphNetwork(graph, max_iter=50, batch_size=128, random_state=1)
    with pytest.raises(KeyboardInterrupt):
        model.fit(stream)
    assert model.interrupted_
    assert model.n_iter_ == 2
    assert np.isfinite(model.predict(np.ones((3, 1)))).all()
    assert not [one for one in threading.enumerate() if one.name == "diskern event stream"]


IMAGES = np.random.default_rng(4).normal(size=(400, 6, 6, 2)).astype(np.float32)


def turns(image):
    return [np.rot90(image, k, axes=(0, 1)) for k in range(4)]


def test_augmentation_changes_events_as_it_says():
    random = np.random.default_rng(1)
    flipped = Flip(axis=0).apply(IMAGES.copy(), random)
    mirrored = (flipped == IMAGES[:, ::-1]).all(axis=(1, 2, 3))
    np.testing.assert_array_equal(flipped[~mirrored], IMAGES[~mirrored])
    assert 160 < mirrored.sum() < 240
    turned = RightAngles().apply(IMAGES.copy(), random)
    which = [
        [(turn == event).all() for turn in turns(image)].index(True)
        for image, event in zip(IMAGES, turned, strict=True)
    ]
    assert (np.bincount(which, minlength=4) > 70).all()
    moved = Shift(2, axes=(1,)).apply(IMAGES.copy(), random)
    counts = np.zeros(5, int)
    for image, event in zip(IMAGES, moved, strict=True):
        for k in range(-2, 3):
            expected = np.roll(image, k, axis=1)
            expected[:, :k] = 0.0 if k > 0 else expected[:, :k]
            if k < 0:
                expected[:, k:] = 0.0
            counts[k + 2] += np.array_equal(expected, event)
    assert counts.sum() == 400
    assert (counts > 50).all()
    wrapped = Shift(3, axes=(0, 1), wrap=True).apply(IMAGES.copy(), random)
    np.testing.assert_allclose(np.sort(wrapped.reshape(400, -1)), np.sort(IMAGES.reshape(400, -1)))
    noisy = Noise(0.5).apply(IMAGES.copy(), random)
    assert (noisy - IMAGES).std() == pytest.approx(0.5, rel=0.03)


def test_augmentation_acts_on_the_input_it_names():
    stream = EventStream(
        {"x": IMAGES, "z": np.ones((400, 3)), "y": np.zeros(400)},
        {"x": "x", "z": "z"},
        "y",
        buffer=100,
        block=50,
        augmentation=[Noise(0.1, input="x"), RightAngles(input="x")],
    )
    batches = stream.batches(["z", "x"], 400, lambda parts: parts[0][:, None], seed=1)
    batches.begin_epoch(0)
    events, _, _ = batches.next()
    batches.close()
    np.testing.assert_array_equal(events[:, :3], 1.0)
    assert not np.isin(events[:, 3:], IMAGES).all()
    plain = np.concatenate([stream.joined(block, ["z", "x"]) for block in stream.blocks()])
    np.testing.assert_array_equal(plain[:, 3:], IMAGES.reshape(400, -1))


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (({"x": np.zeros(3), "y": np.zeros(4)}, "x", "y"), {}, "lengths"),
        (({"x": np.zeros(3)}, "z"), {}, "no column 'z'"),
        (({"x": np.zeros(3)}, "x"), {"buffer": 0}, "buffer must be"),
        (({"x": np.zeros(3)}, "x"), {"block": True}, "block must be"),
        (({"x": np.zeros(3)}, "x"), {"rows": (0, 4)}, "rows must be"),
        (({"x": np.zeros(3)}, "x"), {"augmentation": [Flip(axis=3)]}, "axis 3"),
        (({"x": np.zeros((3, 2, 4))}, "x"), {"augmentation": [RightAngles()]}, "square"),
        (({"x": np.zeros(3)}, "x"), {"augmentation": [Noise(input="q")]}, "input must be one of"),
        (({"x": np.zeros(3)}, "x"), {"augmentation": [Noise(-1.0)]}, "deviation"),
        (({"x": np.zeros(3)}, "x"), {"augmentation": ["flip"]}, "augmentation must hold"),
        (({"x": np.zeros((3, 2)), "z": np.zeros(3)}, ["x", "z"]), {}, "only one alone"),
        (("events.txt", "x"), {}, "a stream reads"),
        ((17, "x"), {}, "expected a path"),
        (({}, "x"), {}, "empty mapping"),
        (([], "x"), {}, "empty list"),
    ],
)
def test_bad_streams_are_refused(arguments, options, message):
    with pytest.raises(InvalidArgument, match=message):
        EventStream(*arguments, **options)


def test_what_does_not_fit_a_network_is_refused():
    graph = Graph((value := Input((2,), name="v")), Dense(1)(value))
    x, y = np.zeros((10, 2), np.float32), np.zeros(10)
    with pytest.raises(InvalidArgument, match="expected 2 numbers"):
        GraphNetwork(graph).fit(EventStream({"x": np.zeros((10, 3)), "y": y}, "x", "y"))
    with pytest.raises(InvalidArgument, match="0 targets"):
        GraphNetwork(graph).fit(EventStream({"x": x}, "x"))
    with pytest.raises(InvalidArgument, match="inputs u, the network v"):
        GraphNetwork(graph).fit(EventStream({"x": x, "y": y}, {"u": "x"}, "y"))
    stream = EventStream({"x": x, "y": y}, "x", "y")
    with pytest.raises(InvalidArgument, match="must be None"):
        GraphNetwork(graph).fit(stream, y)
    with pytest.raises(InvalidArgument, match="eval_set"):
        GraphNetwork(graph, early_stopping=True).fit(stream)
    with pytest.raises(InvalidArgument, match="needs layers"):
        NetworkClassifier().fit(EventStream({"x": x, "y": np.arange(10) % 2}, "x", "y"))
    with pytest.raises(FileNotFoundError):
        EventStream("nowhere.h5", "x")

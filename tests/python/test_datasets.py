"""Generators, and loaders against a server on loopback."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from diskern import datasets
from diskern._core import FormatError, InvalidArgument
from diskern.datasets import public
from diskern.datasets.event_set import BLOCK
from diskern.datasets.fetch import _Progress, sha256
from diskern.datasets.higgs import high_level

GENERATORS: dict[str, Callable[..., datasets.EventSet]] = {
    "gaussians": datasets.gaussians,
    "higgs_like": datasets.higgs_like,
    "detector_images": datasets.detector_images,
    "detector_waveforms": datasets.detector_waveforms,
}
SHAPES = {"gaussians": (4,), "higgs_like": (28,), "detector_images": (24, 24), "detector_waveforms": (200,)}


# ------------------------------------------------------------------------------------------------ generators


@pytest.mark.parametrize("name", GENERATORS)
def test_generators_are_reproducible_and_nested(name: str) -> None:
    make = GENERATORS[name]
    n = BLOCK + 100
    sample, again, smaller, other = make(n, seed=5), make(n, seed=5), make(77, seed=5), make(77, seed=6)
    assert sample.events.shape == (n, *SHAPES[name])
    assert sample.events.dtype == np.float32
    assert sample.labels.dtype == np.int32
    assert sample.weight.dtype == np.float64
    assert np.isfinite(sample.events).all()
    assert set(sample.labels) == {0, 1}
    assert 0.45 < sample.labels.mean() < 0.55
    np.testing.assert_array_equal(sample.events, again.events)
    np.testing.assert_array_equal(sample.events[:77], smaller.events)
    np.testing.assert_array_equal(sample.labels[:77], smaller.labels)
    assert not np.array_equal(other.events, smaller.events)
    assert make(400, seed=1, signal_fraction=0.1).labels.mean() < 0.2
    assert len(sample) == n
    for value in sample.extra.values():
        assert len(value) == n


@pytest.mark.parametrize("name", GENERATORS)
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": 0}, "n is 0; expected at least 1"),
        ({"n": 1.5}, "n is 1.5; expected a whole number"),
        ({"n": 3, "seed": -1}, "seed is -1"),
        ({"n": 3, "signal_fraction": 1.5}, "signal_fraction is 1.5; expected 0 to 1"),
    ],
)
def test_generators_refuse(name: str, arguments: dict[str, float], message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        GENERATORS[name](**arguments)


def test_gaussians_have_the_stated_moments() -> None:
    sample = datasets.gaussians(200_000)
    covariance = np.array([[1, 0.4, 0.6, 0.9], [0.4, 1, 0.7, 0.8], [0.6, 0.7, 1, 0.93], [0.9, 0.8, 0.93, 1.19543558]])
    for label, means in ((1, (0.2, 0.3, 0.5, 0.9)), (0, (-0.2, -0.3, -0.5, -0.6))):
        events = sample.events[sample.labels == label]
        np.testing.assert_allclose(events.mean(axis=0), means, atol=0.02)
        np.testing.assert_allclose(np.cov(events.T), covariance, atol=0.025)
    # the linear discriminant reaches the stated area
    direction = np.linalg.solve(covariance, [0.4, 0.6, 1.0, 1.5])
    assert _auc(sample.labels, sample.events @ direction) == pytest.approx(0.9614, abs=0.003)


def test_gaussians_are_those_of_the_tutorial(data_directory: Path) -> None:
    """The signal of ROOT's tmva_class_example.root has the covariance of the generator."""
    uproot = pytest.importorskip("uproot")
    path = data_directory / "root_tutorials" / "tmva_class_example.root"
    if not path.is_file():
        pytest.skip(f"no file {path}")
    with uproot.open(path) as file:
        columns = file["TreeS"].arrays(library="np")
    theirs = np.cov(np.array([columns[f"var{i}"] for i in (1, 2, 3, 4)]))
    sample = datasets.gaussians(200_000)
    np.testing.assert_allclose(np.cov(sample.events[sample.labels == 1].T), theirs, atol=0.05)


def _auc(labels: np.ndarray, response: np.ndarray) -> float:
    order = np.argsort(response)
    rank = np.empty(len(order))
    rank[order] = np.arange(1, len(order) + 1)
    n1 = labels.sum()
    n0 = len(labels) - n1
    return float((rank[labels == 1].sum() - n1 * (n1 + 1) / 2) / (n1 * n0))


def test_higgs_like_masses_follow_from_the_measured_quantities() -> None:
    sample = datasets.higgs_like(3000, seed=3)
    assert sample.names[:2] == ("lepton_pT", "lepton_eta")
    assert sample.names[21:] == ("m_jj", "m_jjj", "m_lv", "m_jlv", "m_bb", "m_wbb", "m_wwbb")
    low = sample.events[:, :21].astype(np.float64)
    np.testing.assert_allclose(high_level(low), sample.events[:, 21:], rtol=2e-3, atol=0.05)
    column = {name: sample.events[:, i].astype(np.float64) for i, name in enumerate(sample.names)}
    for i in (1, 2, 3):  # jets are ordered
        assert (column[f"jet_{i}_pt"] >= column[f"jet_{i + 1}_pt"]).all()
    for name, values in column.items():
        if name.endswith("phi"):
            assert (np.abs(values) <= np.float32(np.pi)).all()
        if name.startswith("m_") or name.endswith(("pt", "pT")):
            assert (values > 0).all()
    assert set(column["jet_1_b_tag"]) == {0.0, 1.0, 2.0}
    # one mass by hand: the b jets are the two of highest tag, ties by momentum
    jets = low[0, 5:].reshape(4, 4)
    b1, b2 = jets[np.argsort(-jets[:, 3], kind="stable")[:2]]
    mass = np.sqrt(2 * b1[0] * b2[0] * (np.cosh(b1[1] - b2[1]) - np.cos(b1[2] - b2[2])))
    assert column["m_bb"][0] == pytest.approx(mass, rel=1e-4)


def test_higgs_like_kinematics() -> None:
    """Signal peaks at the light Higgs, background at the top; low-level quantities alone separate little."""
    sample = datasets.higgs_like(40_000, seed=4)
    column = {name: sample.events[:, i] for i, name in enumerate(sample.names)}
    signal = sample.labels == 1
    near_higgs = np.abs(column["m_bb"] - 115) < 20
    near_top = np.abs(column["m_jlv"] - 170) < 15
    assert near_higgs[signal].mean() > 1.3 * near_higgs[~signal].mean()
    assert near_top[~signal].mean() > 1.3 * near_top[signal].mean()
    assert np.median(column["m_lv"]) == pytest.approx(80.4, abs=1)
    assert abs(column["lepton_eta"].mean()) < 0.03


def test_detector_data_carry_the_difference() -> None:
    images = datasets.detector_images(2000, seed=2, size=16)
    assert (images.events >= 0).all()
    assert images.events.shape == (2000, 16, 16)
    assert images.events.sum(axis=(1, 2)).mean() == pytest.approx(300, rel=0.05)  # most energy stays inside
    waves = datasets.detector_waveforms(2000, seed=2)
    assert (waves.events == np.rint(waves.events)).all()
    assert waves.events.min() >= 0
    assert waves.events.max() <= 4095
    assert _auc(waves.labels, waves.extra["slow_fraction"]) > 0.99
    # pulse-shape discrimination: light that comes late, baseline subtracted
    pulse = waves.events - waves.events[:, :10].mean(axis=1)[:, None]
    start = np.argmax(pulse, axis=1)[:, None]
    sample = np.arange(200)[None, :]
    late = np.where((sample > start + 8) & (sample < start + 60), pulse, 0).sum(axis=1)
    total = np.where((sample >= start - 2) & (sample < start + 60), pulse, 0).sum(axis=1)
    assert _auc(waves.labels, late / np.maximum(total, 1)) > 0.9
    with pytest.raises(InvalidArgument, match="samples is 10; expected at least 50"):
        datasets.detector_waveforms(3, samples=10)
    with pytest.raises(InvalidArgument, match="size is 2; expected at least 4"):
        datasets.detector_images(3, size=2)


def test_detector_hits() -> None:
    hits = datasets.detector_hits(60, seed=9, noise_fraction=0.2)
    assert hits.events.shape == (len(hits.labels), 3)
    assert hits.names == ("x", "y", "z")
    assert (hits.labels == -1).mean() == pytest.approx(0.2, abs=0.01)
    assert set(hits.labels[hits.labels >= 0]) == set(range(60))
    counts = np.bincount(hits.labels[hits.labels >= 0])
    assert counts.max() <= 10
    assert counts.min() >= 5
    # the hits of a track lie on a circle through the origin of the stated radius
    hard = np.argmax([hits.extra["pt"][hits.labels == i].max() for i in range(60)])
    mine = hits.labels == hard
    x, y = hits.events[mine, 0].astype(float), hits.events[mine, 1].astype(float)
    centre = np.linalg.lstsq(2 * np.column_stack([x, y]), x * x + y * y, rcond=None)[0]
    assert np.hypot(*centre) == pytest.approx(hits.extra["pt"][mine][0] / 0.6 * 1000, rel=0.05)
    assert (hits.extra["pt"][hits.labels == -1] == 0).all()
    assert not (datasets.detector_hits(5, noise_fraction=0.0).labels == -1).any()
    np.testing.assert_array_equal(hits.events, datasets.detector_hits(60, seed=9, noise_fraction=0.2).events)
    with pytest.raises(InvalidArgument, match="noise_fraction is 1"):
        datasets.detector_hits(5, noise_fraction=1)


def test_columns_for_the_data_loader() -> None:
    sample = datasets.gaussians(100)
    signal = sample.columns(1)
    assert list(signal) == ["var1", "var2", "var3", "var4", "weight"]
    assert len(signal["var1"]) == sample.labels.sum()
    assert len(sample.columns()["var1"]) == 100
    with pytest.raises(InvalidArgument, match="no named columns"):
        datasets.detector_images(2).columns()


# ------------------------------------------------------------------------------------------------ public files


def test_public_files_of_the_data_folder(data_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISKERN_DATA", str(data_directory))
    for name in ("magic", "higgsml", "higgs_uci"):
        if not (data_directory / name).is_dir():
            pytest.skip(f"no folder {data_directory / name}")
    magic = datasets.load_magic()
    assert magic.events.shape == (15216, 10)
    assert magic.events[0, 0] == np.float32(29.0629)
    assert magic.labels[0] == 1
    assert 0.6 < magic.labels.mean() < 0.7
    higgsml = datasets.load_higgsml()
    assert higgsml.events.shape == (8000, 30)
    assert higgsml.events[0, 0] == np.float32(138.47)
    assert higgsml.extra["EventId"].dtype == np.int64
    assert higgsml.extra["EventId"][0] == 100000
    assert higgsml.weight[0] == 0.00265331133733
    assert (higgsml.events == -999).any()
    with_nan = datasets.load_higgsml(undefined=np.nan)
    np.testing.assert_array_equal(np.isnan(with_nan.events), higgsml.events == -999)
    higgs = datasets.load_higgs()
    assert higgs.events.shape == (10000, 28)
    np.testing.assert_array_equal(datasets.load_higgs(123).events, higgs.events[:123])
    with pytest.raises(InvalidArgument, match=r"n is 20000, but .* holds 10000"):
        datasets.load_higgs(20000)


@dataclasses.dataclass
class Server:
    """What the loopback server answers, and how often it was asked."""

    url: str
    content: bytes = b""
    status: int = 200
    promised: int | None = None  # Content-Length that is announced
    requests: int = 0


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.delenv("DISKERN_DATA", raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    state = Server("")

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.requests += 1
            self.send_response(state.status)
            self.send_header("Content-Length", str(len(state.content) if state.promised is None else state.promised))
            self.end_headers()
            self.wfile.write(state.content)

        def log_message(self, *arguments: object) -> None:
            pass

    instance = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=instance.serve_forever, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{instance.server_address[1]}/magic04.data"
    yield state
    instance.shutdown()
    instance.server_close()
    thread.join()


def magic_file(rows: int = 19020, width: int = 10) -> bytes:
    """As the published file: no header line, all gammas first."""
    generator = np.random.default_rng(0)
    values = generator.uniform(0, 100, (rows, width)).round(4)
    labels = np.where(np.arange(rows) < 12332, "g", "h")
    lines = [",".join(map(str, row)) + f",{label}" for row, label in zip(values.tolist(), labels, strict=True)]
    return ("\n".join(lines) + "\n").encode()


def test_fetch_once_then_from_the_cache(server: Server, tmp_path: Path) -> None:
    server.content = magic_file()
    first = datasets.load_magic(url=server.url, cache=tmp_path)
    assert first.events.shape == (19020, 10)
    assert first.labels.sum() == 12332
    assert 0.5 < first.labels[:1000].mean() < 0.8  # shuffled: the published file has all gammas first
    assert server.requests == 1
    again = datasets.load_magic(url=server.url, cache=tmp_path)
    assert server.requests == 1
    np.testing.assert_array_equal(first.events, again.events)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["magic04.csv", "magic04.csv.sha256"]
    pinned = (tmp_path / "magic04.csv.sha256").read_text().split()[0]
    assert pinned == hashlib.sha256(server.content).hexdigest() == sha256(tmp_path / "magic04.csv")


def test_cache_folder_follows_xdg(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    server.content = magic_file()
    datasets.load_magic(url=server.url)
    assert (tmp_path / "cache" / "diskern" / "magic04.csv").is_file()
    server.status = 500
    monkeypatch.setattr(public, "MAGIC", dataclasses.replace(public.MAGIC, url=server.url))
    assert len(datasets.load_magic()) == 19020  # no DISKERN_DATA: from the cache


def test_truncated_transfer_leaves_nothing(server: Server, tmp_path: Path) -> None:
    server.content = magic_file()[:100_000]
    server.promised = 2_000_000
    with pytest.raises(datasets.DatasetUnavailable, match=r"broke off|IncompleteRead"):
        datasets.load_magic(url=server.url, cache=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (magic_file(100), "has 100 events, the published file has 19020"),
        (magic_file(19020, 9), "10 columns, 11 names were given"),
        (b"", "no such|has 0 events|empty"),
        (b"<html>Moved</html>\n", "1 columns, 11 names"),
    ],
)
def test_wrong_contents_are_not_kept(server: Server, tmp_path: Path, content: bytes, message: str) -> None:
    server.content = content
    with pytest.raises(FormatError, match=message):
        datasets.load_magic(url=server.url, cache=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_another_file_than_the_pinned_one_is_an_error(server: Server, tmp_path: Path) -> None:
    server.content = magic_file()
    datasets.load_magic(url=server.url, cache=tmp_path)
    path = tmp_path / "magic04.csv"
    path.unlink()
    server.content = magic_file().replace(b"g\n", b"h\n", 1)
    with pytest.raises(FormatError, match="now has the SHA-256"):
        datasets.load_magic(url=server.url, cache=tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["magic04.csv.sha256"]
    path.write_bytes(server.content)
    with pytest.raises(FormatError, match="has changed"):
        datasets.load_magic(url=server.url, cache=tmp_path)


def test_offline_offers_the_generator(server: Server, tmp_path: Path) -> None:
    server.status = 404
    with pytest.raises(
        datasets.DatasetUnavailable, match=r"Not Found.*DISKERN_DATA.*generator diskern.datasets.higgs_like"
    ):
        datasets.load_magic(url=server.url, cache=tmp_path)
    with pytest.raises(datasets.DatasetUnavailable, match=r"could not be fetched from http://127.0.0.1:9"):
        datasets.load_magic(url="http://127.0.0.1:9/magic04.data", cache=tmp_path)  # nobody listens there
    with pytest.raises(datasets.DatasetUnavailable, match="not an http or https address"):
        datasets.load_magic(url="file:///etc/hostname", cache=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_read_only_cache(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(datasets.DatasetUnavailable, match=r"cache .* cannot be made"):
        datasets.load_magic(url=server.url, cache=tmp_path / "file" / "below")


def test_other_loaders_fetch_too(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = public.HIGGSML.columns
    rows = [",".join([str(100000 + i), *["1.5"] * 30, "0.25", "s" if i % 3 else "b"]) for i in range(50)]
    server.content = gzip.compress((",".join(names) + "\n" + "\n".join(rows) + "\n").encode())
    monkeypatch.setattr(public, "HIGGSML", dataclasses.replace(public.HIGGSML, rows=50))
    sample = datasets.load_higgsml(url=server.url, cache=tmp_path)
    assert sample.events.shape == (50, 30)
    assert sample.weight.sum() == 12.5
    monkeypatch.setattr(public, "HIGGSML", dataclasses.replace(public.HIGGSML, rows=51))
    with pytest.raises(FormatError, match="has 50 events"):
        datasets.load_higgsml(url=server.url, cache=tmp_path / "other")
    server.content = gzip.compress(b"".join(b"%d.0" % (i % 2) + b",0.5" * 28 + b"\n" for i in range(40)))
    monkeypatch.setattr(public, "HIGGS", dataclasses.replace(public.HIGGS, rows=40))
    higgs = datasets.load_higgs(url=server.url, cache=tmp_path)
    assert higgs.events.shape == (40, 28)
    assert higgs.labels.tolist() == [0, 1] * 20
    server.content = server.content[:-12]
    with pytest.raises(FormatError, match="damaged"):
        datasets.load_higgs(url=server.url, cache=tmp_path / "third")


def test_own_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_bytes(magic_file(30))
    assert len(datasets.load_magic(path)) == 30
    header = ",".join(public.MAGIC.columns).encode() + b"\n"
    path.write_bytes(header + magic_file(20))
    assert len(datasets.load_magic(path)) == 20
    path.write_bytes(header.replace(b"fSize", b"fSiz") + magic_file(20))
    with pytest.raises(FormatError, match="lacks the columns fSize"):
        datasets.load_magic(path)
    path.write_bytes(header + magic_file(20).replace(b",g", b",x"))
    with pytest.raises(FormatError, match="labels other than 'g' and 'h'"):
        datasets.load_magic(path)
    with pytest.raises(FileNotFoundError):
        datasets.load_magic(tmp_path / "none.csv")


def test_progress_line() -> None:
    bar = _Progress("MAGIC", 4_000_000)
    assert bar._line(1_000_000, 2.0) == "MAGIC: [######..................]  25 % of 4.0 MB, 0.5 MB/s, 6 s left"
    assert _Progress("MAGIC", None)._line(1_000_000, 2.0) == "MAGIC: 1.0 MB, 0.5 MB/s"

"""Tables of events from every kind of source: exact types, chunks, and errors that name what is wrong."""

from __future__ import annotations

import builtins
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diskern._core import FormatError, InvalidArgument
from diskern.data import open_table, read_table
from diskern.data.memory import RDataFrameTable
from diskern.data.table import DEFAULT_CHUNK, Table, concatenate

LARGE = 2**53 + 1  # not a float64


def columns(n: int = 50) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(3)
    return {
        "x": generator.normal(size=n),
        "f": generator.normal(size=n).astype(np.float32),
        "number": LARGE + np.arange(n, dtype=np.int64),
        "small": np.arange(n, dtype=np.int32) - 7,
        "good": np.arange(n) % 3 == 0,
    }


def check_exact(table: Table, expected: dict[str, np.ndarray]) -> None:
    assert set(expected) <= set(table.columns)
    for chunk in (7, DEFAULT_CHUNK):
        parts = list(table.iterate(list(expected), chunk))
        assert all(len(part["x"]) <= chunk for part in parts)
        for name, column in expected.items():
            joined = concatenate(name, [part[name] for part in parts])
            assert joined.dtype == column.dtype, name
            np.testing.assert_array_equal(joined, column)
    read = table.read(["good", "x"])
    assert list(read) == ["good", "x"]


# ------------------------------------------------------------------------------------------------ memory


def test_dictionary_and_structured_array() -> None:
    expected = columns()
    check_exact(open_table(expected), expected)
    structured = np.zeros(50, dtype=[(name, column.dtype) for name, column in expected.items()])
    for name, column in expected.items():
        structured[name] = column
    check_exact(open_table(structured), expected)
    assert open_table(expected).length == 50


def test_matrix_with_names() -> None:
    matrix = np.arange(12.0).reshape(4, 3)
    table = open_table(matrix, names=["a", "b", "c"])
    np.testing.assert_array_equal(table.read()["b"], matrix[:, 1])
    np.testing.assert_array_equal(open_table(matrix.tolist(), names=["a", "b", "c"]).read()["c"], matrix[:, 2])
    with pytest.raises(InvalidArgument, match="give the names of its 3 columns"):
        open_table(matrix)
    with pytest.raises(InvalidArgument, match="has 3 columns, 2 names were given"):
        open_table(matrix, names=["a", "b"])
    with pytest.raises(InvalidArgument, match="a name is given twice"):
        open_table(matrix, names=["a", "b", "a"])
    with pytest.raises(InvalidArgument, match=r"has shape \(4,\)"):
        open_table(matrix[:, 0])


def test_byte_order_and_text() -> None:
    table = open_table(
        {"x": np.arange(3, dtype=">i8") + LARGE, "s": np.array([b"g", b"h", b"g"]), "t": ["a", "b", "c"]}
    )
    read = table.read()
    assert read["x"].dtype == np.dtype("=i8")
    assert read["x"][0] == LARGE
    assert read["s"].tolist() == ["g", "h", "g"]
    assert read["t"].tolist() == ["a", "b", "c"]


def test_arrays_of_fixed_size() -> None:
    hits = np.arange(12).reshape(4, 3)
    table = open_table({"hits": hits, "x": np.zeros(4)})
    assert table.columns == ("hits[0]", "hits[1]", "hits[2]", "x")
    np.testing.assert_array_equal(table.read(["hits[1]"])["hits[1]"], hits[:, 1])
    np.testing.assert_array_equal(read_table({"hits": hits}, columns=["hits"])["hits"], hits)


def test_unknown_columns_and_lengths() -> None:
    table = open_table(columns())
    with pytest.raises(InvalidArgument, match=r"no column 'nummer' in dictionary of arrays; did you mean 'number'"):
        table.read(["x", "nummer"])
    with pytest.raises(InvalidArgument, match=r"differ in length \(a: 2, b: 3\)"):
        open_table({"a": np.zeros(2), "b": np.zeros(3)})
    with pytest.raises(InvalidArgument, match="'a' of dictionary of arrays is a single value"):
        open_table({"a": 1.0})
    with pytest.raises(InvalidArgument, match="chunk is 0"):
        list(table.iterate(chunk=0))
    with pytest.raises(InvalidArgument, match="source is a int; expected a path"):
        open_table(3)
    with pytest.raises(InvalidArgument, match="empty list"):
        open_table([])
    with pytest.raises(InvalidArgument, match="column 'c' is of type complex128"):
        open_table({"c": np.zeros(2, complex)}).read()


def test_objects_with_missing_values() -> None:
    read = open_table(
        {"f": np.array([1.5, None, 2.0], dtype=object), "s": np.array(["a", None], dtype=object).repeat(2)[:3]}
    )
    assert read.read(["f"])["f"].dtype == np.float64
    np.testing.assert_array_equal(read.read(["f"])["f"], [1.5, np.nan, 2.0])
    assert read.read(["s"])["s"].tolist() == ["a", "a", ""]
    with pytest.raises(InvalidArgument, match="column 'i' has 1 missing values among integers"):
        open_table({"i": np.array([1, None], dtype=object)}).read()
    ragged = np.empty(2, dtype=object)
    ragged[:] = [[1], [1, 2]]
    with pytest.raises(InvalidArgument, match="column 'j' is jagged"):
        open_table({"j": ragged}).read()


def test_pandas() -> None:
    pandas = pytest.importorskip("pandas")
    expected = columns()
    frame = pandas.DataFrame(expected)
    check_exact(open_table(frame), expected)
    frame["nullable"] = pandas.array([LARGE] * 50, dtype="Int64")
    frame["floats"] = pandas.array([1.5, None] * 25, dtype="Float64")
    frame["kind"] = pandas.Categorical(["g", "h"] * 25)
    read = open_table(frame).read(["nullable", "floats", "kind"])
    assert read["nullable"].dtype == np.int64
    assert read["nullable"][0] == LARGE
    assert np.isnan(read["floats"][1])
    assert read["kind"][1] == "h"
    frame.loc[0, "nullable"] = pandas.NA
    with pytest.raises(InvalidArgument, match="column 'nullable' has 1 missing values"):
        open_table(frame)


def test_awkward() -> None:
    awkward = pytest.importorskip("awkward")
    expected = columns()
    array = awkward.Array({**expected, "pt": [[1.0, 2.0], [3.0]] * 25})
    table = open_table(array)
    check_exact(table, expected)  # the jagged column does no harm until it is asked for
    with pytest.raises(InvalidArgument, match="column 'pt' is jagged"):
        table.read(["x", "pt"])
    fixed = awkward.zip({"x": np.zeros(4)})
    fixed["p"] = awkward.Array(np.arange(8.0).reshape(4, 2))
    fixed = awkward.Array(awkward.to_layout(fixed))
    assert open_table(fixed).columns == ("x", "p[0]", "p[1]")
    assert open_table(fixed).read(["p[1]"])["p[1]"].tolist() == [1, 3, 5, 7]
    missing = awkward.Array([{"f": 1.0, "i": 1}, {"f": None, "i": None}])
    np.testing.assert_array_equal(open_table(missing).read(["f"])["f"], [1.0, np.nan])
    with pytest.raises(InvalidArgument, match="column 'i' has 1 missing values"):
        open_table(missing).read(["i"])
    with pytest.raises(InvalidArgument, match="has no fields"):
        open_table(awkward.Array([1, 2]))


def test_arrow_stream() -> None:
    pyarrow = pytest.importorskip("pyarrow")
    expected = columns()
    arrow = pyarrow.table(expected)
    check_exact(open_table(arrow), expected)

    class Frame:  # polars, duckdb and others offer no more than this
        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            return arrow.__arrow_c_stream__(requested_schema)

    check_exact(open_table(Frame()), expected)


class FakeRDataFrame:
    """PyROOT's RDataFrame as far as it is used."""

    def __init__(self, data: dict[str, np.ndarray]) -> None:
        self.data, self.asked = data, []  # type: ignore[var-annotated]

    def GetColumnNames(self) -> list[str]:
        return list(self.data)

    def AsNumpy(self, columns: list[str]) -> dict[str, np.ndarray]:
        self.asked.append(columns)
        return {name: self.data[name] for name in columns}


def test_pyroot(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = columns()
    vectors = np.empty(50, dtype=object)
    vectors[:] = [[1.0]] * 49 + [[1.0, 2.0]]
    frame = FakeRDataFrame({**expected, "pt": vectors})
    table = open_table(frame)
    assert isinstance(table, RDataFrameTable)
    check_exact(table, expected)
    assert all("pt" not in asked for asked in frame.asked)  # only what is needed
    with pytest.raises(InvalidArgument, match="column 'pt' is jagged"):
        table.read(["pt"])

    class FakeTree:
        def GetListOfBranches(self) -> list[object]:
            return []

        def GetName(self) -> str:
            return "Events"

    module = types.ModuleType("ROOT")
    module.RDataFrame = lambda tree: frame  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ROOT", module)
    tree = open_table(FakeTree())
    assert tree.description == "TTree Events"
    check_exact(tree, expected)
    monkeypatch.setitem(sys.modules, "ROOT", None)
    with pytest.raises(InvalidArgument, match="needs the package 'ROOT'"):
        open_table(FakeTree())


# ------------------------------------------------------------------------------------------------ files


def write_root(path: Path, data: dict[str, np.ndarray], kind: str = "ttree", name: str = "Events") -> None:
    import uproot

    with uproot.recreate(path) as file:
        types_ = {key: column.dtype for key, column in data.items()}
        if kind == "ttree":
            file.mktree(name, types_)
            file[name].extend(data)
        else:
            file.mkrntuple(name, data)


@pytest.mark.parametrize("kind", ["ttree", "rntuple"])
def test_root_files(tmp_path: Path, kind: str) -> None:
    expected = columns(500)
    write_root(tmp_path / "a.root", {k: v[:200] for k, v in expected.items()}, kind)
    write_root(tmp_path / "b.root", {k: v[200:] for k, v in expected.items()}, kind)
    table = open_table(f"{tmp_path}/*.root:Events")
    assert table.length == 500
    check_exact(table, expected)
    check_exact(open_table([tmp_path / "a.root", f"{tmp_path / 'b.root'}:Events"]), expected)
    check_exact(open_table(str(tmp_path / "?.root"), "Events"), expected)
    import uproot

    with uproot.open(tmp_path / "a.root") as file:
        check_exact(open_table(file["Events"]), {k: v[:200] for k, v in expected.items()})


def test_root_reads_only_what_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import uproot

    write_root(tmp_path / "a.root", columns(100))
    read: list[str] = []
    original = uproot.models.TBasket.Model_TBasket.read_members

    def spy(self: Any, *arguments: Any) -> None:
        original(self, *arguments)
        read.append(self.parent.name)

    monkeypatch.setattr(uproot.models.TBasket.Model_TBasket, "read_members", spy)
    open_table(str(tmp_path / "a.root")).read(["x", "small"])
    assert set(read) == {"x", "small"}


@pytest.mark.parametrize("kind", ["ttree", "rntuple"])
def test_root_arrays_and_jagged(tmp_path: Path, kind: str) -> None:
    awkward = pytest.importorskip("awkward")
    import uproot

    path = tmp_path / "a.root"
    data = {"x": np.arange(3.0), "v": np.arange(6).reshape(3, 2), "j": awkward.Array([[1.0], [2.0, 3.0], []])}
    with uproot.recreate(path) as file:
        if kind == "ttree":
            file.mktree("t", {"x": "f8", "v": np.dtype(("i8", (2,))), "j": "var * float64"})
            file["t"].extend(data)
        else:
            file.mkrntuple("t", data)
    table = open_table(str(path))
    assert {"x", "v[0]", "v[1]", "j"} <= set(table.columns)
    assert table.read(["v[1]", "x"])["v[1]"].tolist() == [1, 3, 5]
    np.testing.assert_array_equal(read_table(path, columns=["v"])["v"], np.arange(6).reshape(3, 2))
    with pytest.raises(InvalidArgument, match="column 'j' is jagged"):
        table.read(["j"])


@pytest.mark.parametrize("kind", ["ttree", "rntuple"])
def test_root_empty_tree(tmp_path: Path, kind: str) -> None:
    write_root(tmp_path / "a.root", {name: column[:0] for name, column in columns().items()}, kind)
    read = open_table(str(tmp_path / "a.root")).read()
    assert len(read["x"]) == 0
    assert read["number"].dtype == np.int64


def test_root_errors(tmp_path: Path) -> None:
    import uproot

    path = tmp_path / "a.root"
    with uproot.recreate(path) as file:
        file["one"] = {"x": np.zeros(2)}
        file["other"] = {"x": np.zeros(2)}
        file["text"] = "hello"
    with pytest.raises(InvalidArgument, match=r"holds 2 trees \(one, other\); say which"):
        open_table(str(path))
    with pytest.raises(InvalidArgument, match=r"no tree 'ohter' in .*; did you mean 'other'"):
        open_table(f"{path}:ohter")
    with pytest.raises(InvalidArgument, match=r"'text' in .* is a TObjString"):
        open_table(f"{path}:text")
    with pytest.raises(FileNotFoundError, match="no such file"):
        open_table(str(tmp_path / "none.root:t"))
    with pytest.raises(FileNotFoundError, match="no file matches"):
        open_table(str(tmp_path / "none*.root:t"))
    (tmp_path / "broken.root").write_bytes(b"not a ROOT file at all")
    with pytest.raises(FormatError, match="cannot be read as a ROOT file"):
        open_table(str(tmp_path / "broken.root"))
    (tmp_path / "cut.root").write_bytes(path.read_bytes()[:300])
    with pytest.raises(FormatError, match="cannot be read as a ROOT file"):
        open_table(str(tmp_path / "cut.root"))
    # by the packages that are there: no access to the network, or none to that address
    with pytest.raises((InvalidArgument, OSError), match=r"(?i)needs another package|refused|cannot connect"):
        open_table("http://127.0.0.1:9/a.root:t")
    with pytest.raises(InvalidArgument, match="names 'one'"):
        open_table(f"{path}:one", "other")


def test_column_missing_in_one_file_names_the_file(tmp_path: Path) -> None:
    write_root(tmp_path / "a.root", {"x": np.zeros(2), "y": np.zeros(2)})
    write_root(tmp_path / "b.root", {"x": np.zeros(2)})
    table = open_table(f"{tmp_path}/*.root:Events")
    assert table.columns == ("x",)
    assert len(table.read(["x"])["x"]) == 4
    with pytest.raises(InvalidArgument, match=r"no column 'y' in .*b\.root:Events"):
        table.read(["y"])


def test_hdf5(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    expected = columns()
    path = tmp_path / "a.h5"
    structured = np.zeros(50, dtype=[(name, column.dtype) for name, column in expected.items()])
    for name, column in expected.items():
        structured[name] = column
    with h5py.File(path, "w") as file:
        for name, column in expected.items():
            file[f"events/{name}"] = column
        file["table"] = structured
        file["matrix"] = np.arange(6.0).reshape(3, 2)
        file["named"] = np.arange(6.0).reshape(3, 2)
        file["named"].attrs["columns"] = ["a", "b"]
        file["bad/a"], file["bad/b"] = np.zeros(2), np.zeros(3)
    check_exact(open_table(f"{path}:events"), expected)
    check_exact(open_table(str(path), "table"), expected)
    assert open_table(f"{path}:matrix", names=["p", "q"]).read()["q"].tolist() == [1, 3, 5]
    assert open_table(f"{path}:named").read()["a"].tolist() == [0, 2, 4]
    with pytest.raises(InvalidArgument, match="give the names of its columns"):
        open_table(f"{path}:matrix")
    with pytest.raises(InvalidArgument, match=r"differ in length \(a: 2, b: 3\)"):
        open_table(f"{path}:bad")
    with pytest.raises(InvalidArgument, match=r"no group or dataset 'evnts' in .*; did you mean 'events'"):
        open_table(f"{path}:evnts")
    (tmp_path / "b.h5").write_bytes(b"nothing")
    with pytest.raises(FormatError, match="cannot be read as an HDF5 file"):
        open_table(str(tmp_path / "b.h5"))


def test_parquet(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    import pyarrow.parquet as parquet

    expected = columns()
    path = tmp_path / "a.parquet"
    more = {
        "floats": pyarrow.array([1.5, None] * 25),
        "integers": pyarrow.array([1, None] * 25),
        "lists": pyarrow.array([[1.0], [1.0, 2.0]] * 25),
        "kind": pyarrow.array(["g", "h"] * 25).dictionary_encode(),
    }
    parquet.write_table(pyarrow.table({**expected, **more}), path, row_group_size=20)
    table = open_table(path)
    assert table.length == 50
    check_exact(table, expected)
    assert np.isnan(table.read(["floats"])["floats"][1])
    assert table.read(["kind"])["kind"][1] == "h"
    with pytest.raises(InvalidArgument, match="column 'integers' has 25 missing values among int64"):
        table.read(["integers"])
    with pytest.raises(InvalidArgument, match="column 'lists' is jagged"):
        table.read(["lists"])
    parquet.write_table(pyarrow.table({name: column[:0] for name, column in expected.items()}), tmp_path / "e.parquet")
    empty = open_table(tmp_path / "e.parquet").read()
    assert empty["number"].dtype == np.int64
    assert len(empty["x"]) == 0
    (tmp_path / "b.parquet").write_bytes(b"nothing")
    with pytest.raises(FormatError, match="cannot be read as a Parquet file"):
        open_table(tmp_path / "b.parquet")
    with pytest.raises(InvalidArgument, match="is not a ROOT or HDF5 file"):
        open_table(path, "tree")


def test_numpy_files(tmp_path: Path) -> None:
    expected = columns()
    np.savez(tmp_path / "a.npz", **expected)
    check_exact(open_table(tmp_path / "a.npz"), expected)
    np.save(tmp_path / "a.npy", np.arange(6.0).reshape(3, 2))
    assert open_table(tmp_path / "a.npy", names=["a", "b"]).read()["b"].tolist() == [1, 3, 5]
    np.savez(tmp_path / "o.npz", x=np.array([None], dtype=object))
    for name, content in (("o.npz", None), ("b.npz", b"nothing"), ("c.npy", b"")):
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(FormatError, match="cannot be read as a NumPy file"):
            open_table(tmp_path / name)


def test_csv(tmp_path: Path) -> None:
    import gzip

    path = tmp_path / "a.csv"
    rows = [f"{LARGE + i},{i}.25,{i},{'true' if i % 2 else 'false'},{'g' if i % 2 else 'h'}" for i in range(20)]
    rows[3] = rows[3].replace("3.25", "")
    path.write_text("number,x,small,good,kind\n" + "\n".join(rows) + "\n\n")
    for source in (path, tmp_path / "a.csv.gz"):
        if source.suffix == ".gz":
            source.write_bytes(gzip.compress(path.read_bytes()))
        table = open_table(source)
        assert table.columns == ("number", "x", "small", "good", "kind")
        for chunk in (3, 1000):
            parts = list(table.iterate(None, chunk))
            read = {name: concatenate(name, [part[name] for part in parts]) for name in table.columns}
            assert read["number"].dtype == np.int64
            assert read["number"].tolist() == [LARGE + i for i in range(20)]
            assert read["good"].dtype == np.bool_
            assert read["good"][1]
            assert read["kind"][0] == "h"
            assert np.isnan(read["x"][3])
            assert read["x"][4] == 4.25
    path.write_text("1,2\n3,4\n")
    assert open_table(path, names=["a", "b"]).read()["b"].tolist() == [2, 4]
    path.write_text("a,b\n1,2\n3\n")
    with pytest.raises(FormatError, match=r"row 3: 1 fields, expected 2"):
        open_table(path).read()
    path.write_text("a,a\n1,2\n")
    with pytest.raises(FormatError, match="names the column 'a' twice"):
        open_table(path)
    path.write_text("")
    with pytest.raises(FormatError, match="is empty"):
        open_table(path)
    path.write_text("a\n" + "1\n" * 5 + "b\n")
    with pytest.raises(FormatError, match="is text in some places and numbers in others"):
        concatenate("a", [part["a"] for part in open_table(path).iterate(chunk=3)])
    path.write_text(f"a\n{LARGE}\n0.5\n")
    for chunk in (1, 2):
        with pytest.raises(FormatError, match=r"column 'a'.* too large for a float64"):
            concatenate("a", [part["a"] for part in open_table(path).iterate(chunk=chunk)])
    damaged = tmp_path / "d.csv.gz"
    damaged.write_bytes(gzip.compress(b"a\n" + b"1\n" * 100_000)[:-20])
    with pytest.raises(FormatError, match="is damaged"):
        open_table(damaged).read()
    other = tmp_path / "a.doc"
    other.write_text("")
    with pytest.raises(InvalidArgument, match="cannot tell the format from the name"):
        open_table(other)


WORDS = [
    "1",
    "-3",
    " 7",
    "007",
    "1_0",
    "0.5",
    "1e3",
    "-1.",
    "nan",
    "inf",
    "",
    "NA",
    "true",
    "False",
    "g",
    "1e999",
    "0x10",
]
FIELDS = st.sampled_from([*WORDS, str(LARGE), str(2**63 - 1), str(2**63), str(10**30)])


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(FIELDS, FIELDS), min_size=1, max_size=6))
def test_csv_reads_the_same_by_both_ways(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    """numpy's fast reader gives what field-by-field reading gives, or leaves the column to it."""
    path = tmp_path / "a.csv"
    path.write_text("a,b\n" + "".join(f"{a},{b}\n" for a, b in rows))
    quoted = tmp_path / "q.csv"  # a quote anywhere switches to the slow way
    quoted.write_text('"a",b\n' + "".join(f'"{a}",{b}\n' for a, b in rows))
    results: list[Any] = []
    for file in (path, quoted):
        try:
            results.append(open_table(file).read())
        except FormatError as error:
            results.append(str(error))
    if isinstance(results[0], str):
        assert "too large for a float64" in results[0]
        assert "too large for a float64" in results[1]
        return
    for name in ("a", "b"):
        assert results[0][name].dtype.kind == results[1][name].dtype.kind
        np.testing.assert_array_equal(results[0][name], results[1][name])


def test_csv_quotes_blank_lines_and_other_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b'\xef\xbb\xbfx,kind\r\n1,"a, b"\r\n\r\n2,"two\r\nlines"\r\n3,c')
    for chunk in (1, 2, 100):
        parts = list(open_table(path).iterate(chunk=chunk))
        assert [x for part in parts for x in part["x"]] == [1, 2, 3]
        assert [k for part in parts for k in part["kind"]] == ["a, b", "two\r\nlines", "c"]
    path.write_text("x\n\n\n\n1\n\n2\n")
    for chunk in (1, 2, 100):
        assert [x for part in open_table(path).iterate(chunk=chunk) for x in part["x"]] == [1, 2]
    path.write_text("x,y\n")
    assert open_table(path).read()["x"].shape == (0,)


@pytest.mark.parametrize(
    ("blocked", "extra", "open_it"),
    [
        ("h5py", "hdf5", lambda folder: open_table(folder / "a.h5")),
        ("pyarrow", "parquet", lambda folder: open_table(folder / "a.parquet")),
        ("pyarrow", "parquet", lambda folder: open_table(type("Frame", (), {"__arrow_c_stream__": None})())),
    ],
)
def test_missing_packages_name_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, blocked: str, extra: str, open_it: Callable[[Path], Table]
) -> None:
    for name in ("a.h5", "a.parquet"):
        (tmp_path / name).write_bytes(b"")
    original = builtins.__import__

    def refuse(name: str, *arguments: Any, **keywords: Any) -> Any:
        if name.partition(".")[0] == blocked:
            raise ImportError(name)
        return original(name, *arguments, **keywords)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(InvalidArgument, match=rf"needs the package '{blocked}'.*pip install 'diskern\[{extra}\]'"):
        open_it(tmp_path)


# ------------------------------------------------------------------------------------------------ real files


def test_real_files(data_directory: Path) -> None:
    fair = data_directory / "fair_higgsml_1k" / "FAIR_Universe_HiggsML_data.parquet"
    quark = data_directory / "quark_gluon_dy" / "DY_incl_MVA_quark.root"
    opera = data_directory / "opera_tau" / "TMVA_2.root"
    for path in (fair, quark, opera):
        if not path.is_file():
            pytest.skip(f"no file {path}")
    pytest.importorskip("pyarrow")
    table = open_table(fair)
    assert table.length == 1000
    assert len(table.columns) == 31
    assert set(table.read(["labels"])["labels"]) == {0, 1}
    many = open_table(str(quark.parent / "*.root"), "DY_MVA")
    assert many.length == 191078 + 71946
    total = sum(part["N_tr"].sum(dtype=np.float64) for part in many.iterate(["N_tr"]))
    assert total == many.read(["N_tr"])["N_tr"].sum(dtype=np.float64)
    test = open_table(f"{opera}:dataset/TestTree").read(["classID", "weight", "BDT", "className"])
    assert test["classID"].dtype == np.int32
    assert len(test["BDT"]) == 5701
    assert set(test["className"]) == {"Signal", "Background"}
    higgs = open_table(f"{data_directory / 'root_tutorials' / 'Higgs_data.root'}:sig_tree")
    assert higgs.read(["jet1_b-tag"])["jet1_b-tag"].dtype == np.float32


def read_all(path: Path, tree: str = "") -> int:
    return sum(len(part["x"]) for part in open_table(f"{path}{tree}").iterate(["x", "y"]))


@pytest.mark.parametrize("ending", ["root", "npz", "csv.gz", "parquet", "h5"])
def test_damaged_files_are_told(tmp_path: Path, ending: str) -> None:
    """A file cut off anywhere, or with changed bytes, is read or is a FormatError; nothing else gets through."""
    for package in {"parquet": ["pyarrow"], "h5": ["h5py"]}.get(ending, []):
        pytest.importorskip(package)
    generator = np.random.default_rng(1)
    data = {"x": generator.normal(size=2000), "y": generator.integers(0, 9, 2000)}
    path = tmp_path / f"whole.{ending}"
    tree = ""
    if ending == "root":
        import uproot

        tree = ":events"
        with uproot.recreate(path) as file:
            file.mktree("events", {name: values.dtype for name, values in data.items()}).extend(data)
    elif ending == "npz":
        np.savez(path, **data)
    elif ending == "csv.gz":
        import gzip

        lines = [f"{x},{y}" for x, y in zip(data["x"], data["y"], strict=True)]
        path.write_bytes(gzip.compress("\n".join(["x,y", *lines]).encode()))
    elif ending == "parquet":
        import pyarrow
        import pyarrow.parquet

        pyarrow.parquet.write_table(pyarrow.table(data), path)
    else:
        import h5py

        with h5py.File(path, "w") as file:
            for name, values in data.items():
                file[name] = values
    assert read_all(path, tree) == 2000
    whole = path.read_bytes()
    damaged = [whole[: int(len(whole) * part)] for part in (0, 0.01, 0.1, 0.3, 0.5)]
    for _ in range(15):
        changed = bytearray(whole)
        for at in generator.integers(0, len(whole), 30):
            changed[at] ^= int(generator.integers(1, 256))
        damaged.append(bytes(changed))
    told = []
    for content in damaged:
        path.write_bytes(content)
        try:
            read_all(path, tree)
        except (FormatError, InvalidArgument) as error:  # InvalidArgument: another name of a tree or column
            told.append(error)
    assert sum(isinstance(error, FormatError) for error in told) >= 4  # those that are cut off at least
    assert all(path.name in str(error) or "column" in str(error) for error in told)

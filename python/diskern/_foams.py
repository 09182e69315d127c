"""The cells of TMVA's PDEFoam, which its weight files leave to a ROOT file beside them.

The weight file of a PDEFoam names no cells; ``read_foams`` takes them from ``<name>_foams.root`` and ``with_foams``
puts them into the text of the weight file, as elements that the core reads.
"""

from __future__ import annotations

import os
import re
import struct
from dataclasses import dataclass
from pathlib import Path

from ._core import FormatError

# In the message of the core about a weight file without cells.
FOAMS_ARE_ELSEWHERE = "in a file *_foams.root"
_BYTE_COUNT = 0x40000000
_NEW_CLASS = 0xFFFFFFFF
_CLASS_TAG = 0x80000000
_IS_REFERENCED = 1 << 4
_MAXIMUM_CELLS = 1 << 20


@dataclass
class _Cell:
    number: int  # by which other cells refer to it; 0: none
    status: int  # 1: active, a leaf
    left: int
    right: int
    split: float  # of the edge, as a part of the cell
    dimension: int
    values: tuple[float, ...]


class _Bytes:
    """Big-endian numbers of ROOT's serialisation."""

    def __init__(self, data: bytes, where: str) -> None:
        self.data, self.position, self.where = data, 0, where

    def take(self, layout: str) -> tuple[int | float, ...]:
        try:
            values = struct.unpack_from(">" + layout, self.data, self.position)
        except struct.error:
            raise FormatError(f"{self.where} ends in the middle of a foam") from None
        self.position += struct.calcsize(">" + layout)
        return values

    def integer(self, layout: str) -> int:
        return int(self.take(layout)[0])

    def fail(self, what: str) -> FormatError:
        return FormatError(f"{self.where}: {what} at byte {self.position} of the foam")

    def version(self, expected: tuple[int, ...], what: str) -> int:
        """A version behind a byte count."""
        if not self.integer("I") & _BYTE_COUNT:
            raise self.fail(f"no byte count before {what}")
        version = self.integer("H") & 0x3FFF
        if version not in expected:
            raise self.fail(f"{what} has version {version}, expected {' or '.join(map(str, expected))}")
        return version

    def base_object(self) -> int:
        """A TObject; its unique number."""
        if self.integer("H") != 1:
            raise self.fail("no TObject")
        number, bits = self.take("II")
        if int(bits) & _IS_REFERENCED:
            self.take("H")
        return int(number) & 0xFFFFFF

    def reference(self) -> int:
        """A TRef: the number of the object that it refers to."""
        if self.integer("H") != 1:
            raise self.fail("no TRef")
        number, _, _ = self.take("IIH")
        return int(number) & 0xFFFFFF

    def object_class(self) -> bool:
        """Whether an object follows (False: a null pointer); its class is passed over."""
        first = self.integer("I")
        if first == 0:
            return False
        if not first & _BYTE_COUNT:
            raise self.fail("no byte count before an object")
        tag = self.integer("I")
        if tag == _NEW_CLASS:
            end = self.data.find(b"\0", self.position, self.position + 256)
            if end < 0:
                raise self.fail("a class without a name")
            self.position = end + 1
        elif not tag & _CLASS_TAG:
            raise self.fail("no class before an object")
        return True


def _cell(data: _Bytes) -> _Cell:
    if not data.object_class():
        raise data.fail("a cell is missing")
    data.version((2,), "PDEFoamCell")
    number = data.base_object()
    _, _, status = data.take("hii")
    data.reference()  # parent
    left, right = data.reference(), data.reference()
    split, dimension, _, _, _ = data.take("diddd")
    values: tuple[float, ...] = ()
    if data.object_class():
        data.version((4,), "TVectorT<double>")
        data.base_object()
        rows, _ = data.take("ii")
        data.take("b")
        if not 0 <= int(rows) <= 1024:
            raise data.fail(f"a cell of {rows} values")
        values = tuple(float(value) for value in data.take(f"{int(rows)}d"))
    return _Cell(number, int(status), left, right, float(split), int(dimension), values)


def parse_foam(content: bytes, where: str) -> tuple[int, list[tuple[int, float, int, int, tuple[float, ...]]]]:
    """Dimensions and cells of a serialised PDEFoam: dimension, split, left, right (-1: a leaf), values; the root first.

    Raises
    ------
    FormatError
        The bytes are no foam of TMVA 4.2.
    """
    data = _Bytes(content, where)
    data.version((1,), "the foam")
    if data.version((1, 7), "PDEFoam") == 1:  # of a foam that was divided by DTLogic, a class further down
        data.version((7,), "PDEFoam")
    data.base_object()
    length = data.integer("B")
    if length == 255:
        length = data.integer("I")
    data.position += length
    dimensions, _, _, _, _, _, last = (int(value) for value in data.take("7i"))
    if not (1 <= dimensions <= 1000 and 0 <= last < _MAXIMUM_CELLS):
        raise data.fail(f"a foam of {dimensions} dimensions and {last + 1} cells")
    data.version((9, 10), "the list of cells")  # that of ROOT's serialisation
    cells = [_cell(data) for _ in range(last + 1)]
    index = {cell.number: i for i, cell in enumerate(cells)}
    result = []
    for cell in cells:
        if cell.status == 1:
            result.append((0, 0.0, -1, -1, cell.values))
            continue
        if cell.left not in index or cell.right not in index:
            raise FormatError(f"{where}: a cell of the foam has no daughters")
        result.append((cell.dimension, cell.split, index[cell.left], index[cell.right], cell.values))
    return dimensions, result


def read_foams(path: Path) -> str:
    """The foams of a ROOT file as elements ``<Foam>`` for the core.

    Raises
    ------
    FormatError
        It is no ROOT file, or holds no foam.
    """
    import uproot

    where = f"'{path}'"
    elements = []
    try:
        with uproot.open(path) as file:
            names = [key for key, kind in file.classnames().items() if kind.startswith("TMVA::PDEFoam")]
            contents = []
            for name in names:
                chunk, _ = file.key(name).get_uncompressed_chunk_cursor()
                contents.append((name.split(";")[0], bytes(chunk.raw_data)))
    except (ValueError, OSError, KeyError, NotImplementedError, AssertionError) as error:
        raise FormatError(f"{where} cannot be read as a ROOT file: {error}") from error
    for name, content in contents:
        dimensions, cells = parse_foam(content, where)
        values = max((len(cell[4]) for cell in cells), default=0)
        rows = []
        for dimension, split, left, right, numbers in cells:
            padded = (*numbers, *(0.0,) * (values - len(numbers)))
            rows.append(" ".join([str(dimension), repr(split), str(left), str(right), *map(repr, padded)]))
        elements.append(
            f'<Foam Name="{name}" NDim="{dimensions}" NCells="{len(cells)}" NValues="{values}">\n'
            + "\n".join(rows)
            + "\n</Foam>\n"
        )
    if not elements:
        raise FormatError(f"{where} holds no foam of TMVA")
    return "".join(elements)


_WEIGHTS = re.compile(r"<Weights\s[^>]*SigBgSeparated=[^>]*>")
_ATTRIBUTE = re.compile(r'(JobName|MethodName)="([^"]*)"')


def with_foams(text: str, path: str | os.PathLike[str]) -> str:
    """The text of a weight file with its foams, from the ROOT files beside it.

    Raises
    ------
    FormatError
        A file of foams is missing or damaged.
    """
    folder, name = Path(path).parent, Path(path).name
    base = re.sub(r"\.xml(\.gz)?$", "", name)
    title = re.search(r'<MethodSetup\s+Method="[^":]*::([^"]*)"', text)
    pieces = []
    last = 0
    for match in _WEIGHTS.finditer(text):
        before = text.rfind("<Method ", last, match.start())
        if before < 0:
            names = [f"{base}_foams.root"]
            found = [folder / names[0]] if (folder / names[0]).exists() else []
            if not found and title is not None:  # a weight file that was renamed
                names.append(f"*_{title.group(1)}.weights_foams.root")
                found = sorted(one for one in folder.iterdir() if one.name.endswith(names[1][1:]))
        else:
            of = dict(_ATTRIBUTE.findall(text[before : match.start()]))
            names = [f"{of.get('JobName', '')}_{of.get('MethodName', '')}.weights_foams.root"]
            found = [folder / names[0]] if (folder / names[0]).exists() else []
        if len(found) != 1:
            what = "is missing" if not found else "is not the only one of its kind"
            raise FormatError(f"'{path}': the foams of this PDEFoam lie in a file {' or '.join(names)}, which {what}")
        end = match.end()
        pieces += [text[last:end], "\n", read_foams(found[0])]
        last = end
    return "".join([*pieces, text[last:]])

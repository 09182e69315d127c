"""std.vector and std.string."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class Vector(list):  # type: ignore[type-arg]
    """A list with the methods of std::vector that scripts call."""

    def push_back(self, value: Any) -> None:
        self.append(value)

    def size(self) -> int:
        return len(self)

    def empty(self) -> bool:
        return not self

    def at(self, index: int) -> Any:
        return self[index]

    def resize(self, size: int, value: Any = 0) -> None:
        del self[size:]
        self.extend([value] * (size - len(self)))


class _VectorTemplate:
    """``std.vector("float")(10)``, ``std.vector["float"]([1, 2])``."""

    def __getitem__(self, kind: Any) -> Any:
        text = kind if isinstance(kind, str) else getattr(kind, "__name__", str(kind))
        whole = any(word in text for word in ("int", "long", "short", "size_t"))
        convert: Any = str if "string" in text else int if whole else float

        def make(content: int | Iterable[Any] = (), value: Any = 0) -> Vector:
            if isinstance(content, int):
                return Vector([convert(value)] * content)
            return Vector(convert(one) for one in content)

        return make

    def __call__(self, kind: Any) -> Any:
        return self[kind]


class std:
    """The names of C++'s standard library that scripts use."""

    vector = _VectorTemplate()
    string = str

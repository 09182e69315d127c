"""Events larger than memory: read by a thread while a network trains, mixed in a buffer, changed at random."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._core import InvalidArgument
from .augmentation import Augmentation, check_augmentation
from .blocks import Block, BlockReader, open_blocks

#: events, targets and weights of a batch, as the trainer takes them
Batch = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float64]]
_FIRST_EVENTS = 50_000  # most events from which means and deviations are taken


class EventStream:
    """Events in files, or arrays mapped from them, that are never in memory as a whole. Networks are fitted to it.

    Parameters
    ----------
    source : path, sequence of paths or mapping of arrays
        HDF5 (``file.h5``, ``file.h5:GROUP``), Parquet (``.parquet``, ``.pq``), ROOT (``file.root``,
        ``file.root:TREE``).
        A column has one number, or an array of one shape, per event.
    inputs : str, sequence of str or mapping
        Columns that a network takes. A mapping gives, for each name of an input, a column or a sequence of columns with
        one number each, which stand beside each other; a sequence of columns, or one, is the only input.
    targets : str, sequence of str or None
        One column for each output of a network that has a target.
    weight : str, optional
        Column of event weights.
    buffer : int
        Events that are mixed. Blocks are read in random order, their events are drawn at random from a buffer of this
        size; as many events as can be held, but more than a block.
    block : int
        Events that are read at once (from Parquet: row groups).
    prefetch : int
        Batches that are ready in advance.
    augmentation : sequence of Augmentation
        Changes of the events of each batch, in their order; not applied by ``predict`` and to validation events.
    rows : (int, int), optional
        First event, and the one behind the last one.

    Raises
    ------
    InvalidArgument
        Columns that are not there, sizes below 1, a missing optional package.
    FormatError
        Files that cannot be read.

    Notes
    -----
    Order and changes depend on the seed of the fit only. Memory holds ``buffer`` + one block + ``prefetch`` batches.

    Examples
    --------
    >>> import numpy as np
    >>> from diskern import GraphNetwork
    >>> from diskern.data import EventStream, Noise
    >>> from diskern.networks import Dense, Graph, Input
    >>> x = np.random.default_rng(1).normal(size=(4000, 3)).astype(np.float32)
    >>> stream = EventStream({"x": x, "y": x.sum(axis=1)}, "x", "y", augmentation=[Noise(0.01)], buffer=1000, block=500)
    >>> value = Input((3,), name="x")
    >>> model = GraphNetwork(Graph(value, Dense(1)(value)), learning_rate=0.02, max_iter=20, random_state=1).fit(stream)
    >>> bool(np.abs(model.predict(x) - x.sum(axis=1)).max() < 0.1)
    True
    """

    def __init__(
        self,
        source: Any,
        inputs: str | Sequence[str] | Mapping[str, str | Sequence[str]],
        targets: str | Sequence[str] | None = None,
        weight: str | None = None,
        *,
        buffer: int = 16384,
        block: int = 1024,
        prefetch: int = 4,
        augmentation: Augmentation | Sequence[Augmentation] = (),
        rows: tuple[int, int] | None = None,
    ) -> None:
        for name, value in (("buffer", buffer), ("block", block), ("prefetch", prefetch)):
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
                raise InvalidArgument(f"{name} must be a whole number of 1 or more, got {value!r}")
        self.source = source
        self._inputs: dict[str | None, list[str]]
        if isinstance(inputs, Mapping):
            self._inputs = {name: [given] if isinstance(given, str) else list(given) for name, given in inputs.items()}
        else:
            self._inputs = {None: [inputs] if isinstance(inputs, str) else list(inputs)}
        if not self._inputs or not all(self._inputs.values()):
            raise InvalidArgument(f"inputs must name columns, got {inputs!r}")
        self.targets = [] if targets is None else [targets] if isinstance(targets, str) else list(targets)
        self.weight = weight
        self.buffer, self.block, self.prefetch = int(buffer), int(block), int(prefetch)
        self.augmentation = check_augmentation(augmentation)
        reader = self._open()
        try:
            reader.check(self._columns)
            if rows is None:
                rows = (0, reader.length)
            if len(rows) != 2 or not 0 <= rows[0] < rows[1] <= reader.length:
                raise InvalidArgument(
                    f"rows must be two numbers from 0 to {reader.length}, the first one smaller, got {rows!r}"
                )
            self.rows = (int(rows[0]), int(rows[1]))
            one = reader.read(self._columns, self.rows[0], self.rows[0] + 1)
            self.shapes = {name: self._input(one, columns).shape[1:] for name, columns in self._inputs.items()}
            self._target_sizes = [int(np.prod(one[name].shape[1:])) for name in self.targets]
        finally:
            reader.close()
        for step in self.augmentation:
            step.check(self.shapes[self._changed(step)])

    def __len__(self) -> int:
        return self.rows[1] - self.rows[0]

    def __repr__(self) -> str:
        return f"EventStream({len(self)} events)"

    def part(self, begin: int, end: int) -> EventStream:
        """The events from begin to before end, counted from the first one of this stream."""
        inputs: Any = self._inputs.get(None, self._inputs)
        return EventStream(
            self.source,
            inputs,
            self.targets,
            self.weight,
            buffer=self.buffer,
            block=self.block,
            prefetch=self.prefetch,
            augmentation=self.augmentation,
            rows=(self.rows[0] + begin, self.rows[0] + end),
        )

    def blocks(self) -> Iterator[Block]:
        """Pieces of at most ``block`` events in the order of the files: a dict of columns each."""
        reader = self._open()
        try:
            for begin, end in self._ranges(reader):
                whole = reader.read(self._columns, begin, end)
                for first in range(0, end - begin, self.block):
                    yield {name: values[first : first + self.block] for name, values in whole.items()}
        finally:
            reader.close()

    def column(self, name: str) -> NDArray[Any]:
        """One column of all events, which must fit into memory."""
        reader = self._open()
        try:
            reader.check([name])
            return np.concatenate([reader.read([name], a, b)[name] for a, b in self._ranges(reader)])
        finally:
            reader.close()

    # What estimators use.

    def joined(self, block: Block, order: Sequence[str]) -> NDArray[np.float32]:
        """The inputs of a block beside each other, (events, numbers), in an order of their names."""
        parts = []
        for name in order:
            columns = self._inputs[name if name in self._inputs else None]
            values = self._input(block, columns)
            parts.append(values.reshape(len(values), -1).astype(np.float32))
        return parts[0] if len(parts) == 1 else np.hstack(parts)

    def check_inputs(self, sizes: Mapping[str, int]) -> None:
        """Raise InvalidArgument unless the stream has these inputs with so many numbers."""
        if set(self._inputs) != set(sizes) and not (len(sizes) == 1 and None in self._inputs):
            given = ", ".join(str(name) for name in self._inputs)
            raise InvalidArgument(f"the stream has the inputs {given}, the network {', '.join(sizes)}")
        for name, size in sizes.items():
            shape = self.shapes[name if name in self._inputs else None]
            if int(np.prod(shape)) != size:
                raise InvalidArgument(
                    f"input {name!r}: the stream has events of the shape {shape}, expected {size} numbers"
                )

    def batches(
        self,
        order: Sequence[str],
        batch_size: int,
        encode: Callable[[list[NDArray[Any]]], NDArray[np.float32]],
        *,
        seed: int = 0,
        training: bool = True,
        negative_weights: str = "keep",
    ) -> StreamBatches:
        """Batches for a trainer, see StreamBatches."""
        return StreamBatches(self, order, batch_size, encode, seed, training, negative_weights)

    @property
    def _columns(self) -> list[str]:
        names = [name for columns in self._inputs.values() for name in columns] + self.targets
        return list(dict.fromkeys(names + ([self.weight] if self.weight is not None else [])))

    def _open(self) -> BlockReader:
        return open_blocks(self.source)

    def _ranges(self, reader: BlockReader) -> list[tuple[int, int]]:
        """What is read at once, within the rows of this stream."""
        cut = [(max(a, self.rows[0]), min(b, self.rows[1])) for a, b in reader.ranges(self.block)]
        return [(a, b) for a, b in cut if a < b]

    def _changed(self, step: Augmentation) -> str | None:
        if step.input in self.shapes:
            return step.input
        if step.input is None and len(self.shapes) == 1:
            return next(iter(self.shapes))
        raise InvalidArgument(f"{step!r}: input must be one of {', '.join(str(name) for name in self.shapes)}")

    @staticmethod
    def _input(block: Block, columns: Sequence[str]) -> NDArray[Any]:
        if len(columns) == 1:
            values = block[columns[0]]
            return values if values.ndim > 1 else values[:, np.newaxis]
        for name in columns:
            if block[name].ndim != 1:
                raise InvalidArgument(
                    f"column {name!r} has {block[name].shape[1:]} numbers; only one alone may have several"
                )
        return np.stack([block[name] for name in columns], axis=1)


class StreamBatches:
    """Batches of an EventStream, made by a thread; one epoch after the other.

    Parameters
    ----------
    stream : EventStream
    order : names of the inputs
    batch_size : int
    encode : function
        Gives the targets (events, numbers) for the arrays of the target columns.
    seed : int
    training : bool
        Mix and change events; without, they come in the order of the files.
    negative_weights : {'keep', 'ignore', 'error'}
        'ignore': such events get the weight 0.
    """

    def __init__(
        self,
        stream: EventStream,
        order: Sequence[str],
        batch_size: int,
        encode: Callable[[list[NDArray[Any]]], NDArray[np.float32]],
        seed: int,
        training: bool,
        negative_weights: str,
    ) -> None:
        self._stream = stream
        self._order = list(order)
        self._size = min(batch_size, len(stream)) if batch_size else len(stream)
        self._encode = encode
        self._seed = seed
        self._training = training
        self._negative = negative_weights
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._ready: queue.Queue[Any] = queue.Queue(maxsize=stream.prefetch)

    def batches(self) -> int:
        """Of an epoch."""
        return -(-len(self._stream) // self._size)

    def largest(self) -> int:
        """Events of a batch."""
        return self._size

    def first(self) -> Batch:
        """Some events, drawn as those of the first epoch, for means and deviations."""
        reader = self._stream._open()
        wanted = min(self._stream.buffer, _FIRST_EVENTS)
        parts: list[Batch] = []
        try:
            for begin, end in self._shuffled(reader, self._random(0, 0)):
                parts.append(self._arrays(reader, begin, min(end, begin + wanted)))
                wanted -= len(parts[-1][0])
                if wanted <= 0:
                    break
        finally:
            reader.close()
        return self._whole(parts)

    def begin_epoch(self, epoch: int) -> None:
        """Start reading."""
        self.close()
        self._stop = threading.Event()
        self._ready = queue.Queue(maxsize=self._stream.prefetch)
        self._thread = threading.Thread(
            target=self._read, args=(epoch, self._stop, self._ready), name="diskern event stream", daemon=True
        )
        self._thread.start()

    def next(self) -> Batch:
        """The next batch; raises what went wrong in the thread."""
        while True:
            try:
                # Not without end, so that Ctrl-C is seen.
                item = self._ready.get(timeout=0.1)
                break
            except queue.Empty:
                if self._thread is None or (not self._thread.is_alive() and self._ready.empty()):
                    raise RuntimeError("the thread that reads events has ended early") from None
        if isinstance(item, BaseException):
            raise item
        batch: Batch = item
        return batch

    def close(self) -> None:
        """Stop reading."""
        self._stop.set()
        if self._thread is not None:
            while self._thread.is_alive():
                try:
                    self._ready.get_nowait()
                except queue.Empty:
                    self._thread.join(0.01)
            self._thread = None

    # What runs in the thread.

    def _random(self, epoch: int, purpose: int) -> np.random.Generator:
        key = np.array([self._seed & 0xFFFFFFFFFFFFFFFF, (purpose << 32) | epoch], dtype=np.uint64)
        return np.random.Generator(np.random.Philox(key=key))

    def _shuffled(self, reader: BlockReader, random: np.random.Generator) -> list[tuple[int, int]]:
        ranges = self._stream._ranges(reader)
        return [ranges[i] for i in random.permutation(len(ranges))] if self._training else ranges

    def _arrays(self, reader: BlockReader, begin: int, end: int) -> Batch:
        """Events from begin to before end as the trainer wants them."""
        stream = self._stream
        block = reader.read(stream._columns, begin, end)
        for name in stream._columns:
            if block[name].dtype.kind not in "biuf" and name not in stream.targets:
                raise InvalidArgument(f"column {name!r} is of type {block[name].dtype}; expected numbers")
            if block[name].dtype.kind == "f" and not np.isfinite(block[name]).all():
                where = begin + int(np.flatnonzero(~np.isfinite(block[name]).reshape(end - begin, -1).all(axis=1))[0])
                raise InvalidArgument(f"column {name!r} is not finite in event {where} of {reader.description}")
        weight = np.ones(end - begin) if stream.weight is None else block[stream.weight].astype(np.float64)
        if self._negative != "keep" and (weight < 0.0).any():
            if self._negative == "error":
                where = begin + int(np.flatnonzero(weight < 0.0)[0])
                raise InvalidArgument(f"sample_weight is negative in event {where}; see negative_weights")
            weight = np.maximum(weight, 0.0)
        events = stream.joined(block, self._order)
        if not np.isfinite(events).all():
            raise InvalidArgument(f"events {begin} to {end} of {reader.description} hold numbers too large for float32")
        if not stream.targets:
            return events, np.empty((end - begin, 0), np.float32), weight
        targets = np.ascontiguousarray(self._encode([block[name] for name in stream.targets]), np.float32)
        return events, targets.reshape(end - begin, -1), weight

    @staticmethod
    def _whole(parts: Sequence[Batch]) -> Batch:
        if len(parts) == 1:
            return parts[0]
        events, targets, weight = (np.concatenate([part[i] for part in parts]) for i in range(3))
        return events, targets, weight

    def _read(self, epoch: int, stop: threading.Event, ready: queue.Queue[Any]) -> None:
        def give(item: Any) -> bool:
            while not stop.is_set():
                try:
                    ready.put(item, timeout=0.05)
                    return True
                except queue.Full:
                    continue
            return False

        try:
            reader = self._stream._open()
            try:
                for number, batch in enumerate(self._mixed(reader, epoch, stop)):
                    if self._training and self._stream.augmentation:
                        batch = self._change(batch, self._random(epoch, 2 + number))
                    if not give(batch):
                        return
            finally:
                reader.close()
        except BaseException as error:  # next() raises it where the fit is
            give(error)

    def _mixed(self, reader: BlockReader, epoch: int, stop: threading.Event) -> Iterator[Batch]:
        """Batches, the last of which may be smaller."""
        random = self._random(epoch, 0)
        ranges = self._shuffled(reader, random)
        random = self._random(epoch, 1)
        capacity = max(self._stream.buffer, self._size) if self._training else self._size
        held: Batch | None = None
        filled = 0
        for begin, end in ranges:
            if stop.is_set():
                return
            whole = self._arrays(reader, begin, end)
            # A row group of a Parquet file may be longer than a block.
            for first in range(0, end - begin, self._stream.block):
                piece = slice(first, first + self._stream.block)
                block = whole[0][piece], whole[1][piece], whole[2][piece]
                count = len(block[0])
                if held is None or filled + count > len(held[0]):
                    held = self._room(held, block, max(capacity + self._stream.block, filled + count), filled)
                for i in range(3):
                    held[i][filled : filled + count] = block[i]
                filled += count
                while filled > capacity - 1 and filled >= self._size:
                    yield self._draw(held, filled, self._size, random)
                    filled -= self._size
        while filled:
            assert held is not None
            count = min(self._size, filled)
            yield self._draw(held, filled, count, random)
            filled -= count

    @staticmethod
    def _room(held: Batch | None, like: Batch, size: int, filled: int) -> Batch:
        events, targets, weight = (np.empty((size, *part.shape[1:]), part.dtype) for part in like)
        if held is not None:
            for i, new in enumerate((events, targets, weight)):
                new[:filled] = held[i][:filled]
        return events, targets, weight

    def _draw(self, held: Batch, filled: int, count: int, random: np.random.Generator) -> Batch:
        """Takes events out of the buffer; the last ones move to their places."""
        if not self._training:
            first = held[0][:count].copy(), held[1][:count].copy(), held[2][:count].copy()
            for part in held:
                part[: filled - count] = part[count:filled].copy()
            return first
        taken = random.choice(filled, count, replace=False)
        drawn = held[0][taken], held[1][taken], held[2][taken]
        left = filled - count
        holes = taken[taken < left]
        kept = np.ones(count, bool)
        kept[taken[taken >= left] - left] = False
        movers = left + np.flatnonzero(kept)
        for part in held:
            part[holes] = part[movers]
        return drawn

    def _change(self, batch: Batch, random: np.random.Generator) -> Batch:
        stream = self._stream
        events, targets, weight = batch
        for step in stream.augmentation:
            name = stream._changed(step)
            first = 0
            for other in self._order:
                key = other if other in stream.shapes else None
                size = int(np.prod(stream.shapes[key]))
                if key == name:
                    part = np.ascontiguousarray(events[:, first : first + size]).reshape(-1, *stream.shapes[key])
                    events[:, first : first + size] = step.apply(part, random).reshape(-1, size)
                first += size
        return events, targets, weight

"""Public sets of events: MAGIC, HiggsML, HIGGS."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._core import FormatError, InvalidArgument
from ..data.files import CSVTable
from ..data.split import Purpose, permutation
from ..data.table import Columns
from .event_set import EventSet, check_count
from .fetch import data_folders, fetch


@dataclass(frozen=True)
class PublicFile:
    """Where a data set is found and what its file must hold."""

    title: str
    url: str
    file_name: str  # in the cache
    rows: int  # of the file at `url`
    columns: tuple[str, ...]  # that must be there; also the names where the file has no header line
    header: bool
    label: str
    local: tuple[str, ...]  # below DISKERN_DATA, first choice first; all with a header line
    generator: str

    def open(self, path: Path, header: bool) -> CSVTable:
        """The file as a table; FormatError when columns are missing."""
        try:
            table = CSVTable(str(path), None if header else self.columns)
        except InvalidArgument as error:
            raise FormatError(f"{self.title}: {error}") from None
        missing = [name for name in self.columns if name not in table.columns]
        if missing:
            raise FormatError(f"{self.title}: {path} lacks the columns {', '.join(missing)}")
        return table

    def check(self, path: Path) -> None:
        """FormatError unless a fetched file has the columns and the number of rows of the published one."""
        table = self.open(path, self.header)
        rows = 0
        for part in table.iterate([self.columns[0], self.label]):
            rows += len(part[self.label])
        if rows != self.rows:
            raise FormatError(f"{self.title}: {path.name} has {rows} events, the published file has {self.rows}")

    def find(self, path: str | os.PathLike[str] | None, url: str | None, cache: Path | None) -> tuple[Path, bool, bool]:
        """The file, whether it has a header line, and whether it is the published one."""
        if path is not None:
            given = Path(path).expanduser()
            if not given.is_file():
                raise FileNotFoundError(f"{self.title}: no such file: {str(given)!r}")
            return given, self._has_header(given), False
        if url is None:  # an address given on purpose is not overruled by what lies around
            for folder in data_folders():
                for name in self.local:
                    if (folder / name).is_file():
                        return folder / name, True, False
        url = self.url if url is None else url
        found = fetch(self.title, url, self.file_name, self.check, generator=self.generator, cache=cache)
        return found, self.header, True

    def _has_header(self, path: Path) -> bool:
        first = CSVTable(str(path)).columns
        return any(name in first for name in self.columns)


_MAGIC_VARIABLES = ("fLength", "fWidth", "fSize", "fConc", "fConc1", "fAsym", "fM3Long", "fM3Trans", "fAlpha", "fDist")

MAGIC = PublicFile(
    "MAGIC telescope events",
    "https://archive.ics.uci.edu/ml/machine-learning-databases/magic/magic04.data",
    "magic04.csv",
    19020,
    (*_MAGIC_VARIABLES, "class"),
    False,
    "class",
    ("magic/magic04.csv.gz", "magic/magic04.csv"),
    "diskern.datasets.higgs_like or gaussians",
)

_HIGGSML_VARIABLES = (
    "DER_mass_MMC",
    "DER_mass_transverse_met_lep",
    "DER_mass_vis",
    "DER_pt_h",
    "DER_deltaeta_jet_jet",
    "DER_mass_jet_jet",
    "DER_prodeta_jet_jet",
    "DER_deltar_tau_lep",
    "DER_pt_tot",
    "DER_sum_pt",
    "DER_pt_ratio_lep_tau",
    "DER_met_phi_centrality",
    "DER_lep_eta_centrality",
    "PRI_tau_pt",
    "PRI_tau_eta",
    "PRI_tau_phi",
    "PRI_lep_pt",
    "PRI_lep_eta",
    "PRI_lep_phi",
    "PRI_met",
    "PRI_met_phi",
    "PRI_met_sumet",
    "PRI_jet_num",
    "PRI_jet_leading_pt",
    "PRI_jet_leading_eta",
    "PRI_jet_leading_phi",
    "PRI_jet_subleading_pt",
    "PRI_jet_subleading_eta",
    "PRI_jet_subleading_phi",
    "PRI_jet_all_pt",
)

HIGGSML = PublicFile(
    "HiggsML challenge events",
    "http://opendata.cern.ch/record/328/files/atlas-higgs-challenge-2014-v2.csv.gz",
    "atlas-higgs-challenge-2014-v2.csv.gz",
    818238,
    ("EventId", *_HIGGSML_VARIABLES, "Weight", "Label"),
    True,
    "Label",
    ("higgsml/atlas-higgs-challenge-2014-v2.csv.gz", "higgsml/higgsml_8k.csv.gz"),
    "diskern.datasets.higgs_like",
)

_HIGGS_VARIABLES = (
    "lepton_pT",
    "lepton_eta",
    "lepton_phi",
    "missing_energy_magnitude",
    "missing_energy_phi",
    *(f"jet_{i}_{what}" for i in (1, 2, 3, 4) for what in ("pt", "eta", "phi", "b-tag")),
    *("m_jj", "m_jjj", "m_lv", "m_jlv", "m_bb", "m_wbb", "m_wwbb"),
)

HIGGS = PublicFile(
    "HIGGS events",
    "https://archive.ics.uci.edu/ml/machine-learning-databases/00280/HIGGS.csv.gz",
    "HIGGS.csv.gz",
    11_000_000,
    ("label", *_HIGGS_VARIABLES),
    False,
    "label",
    ("higgs_uci/higgs_10k.csv.gz",),
    "diskern.datasets.higgs_like",
)


def load_magic(
    path: str | os.PathLike[str] | None = None, *, url: str | None = None, cache: Path | None = None
) -> EventSet:
    """Gamma-ray showers (signal) against hadron showers in the MAGIC telescope, simulated; ten image parameters.

    Parameters
    ----------
    path : a file to read, in place of the search in ``DISKERN_DATA``, in the cache and at the source
    url : fetch from here (or take it from the cache), in place of the search in ``DISKERN_DATA`` and the public source
    cache : folder of fetched files, default ``$XDG_CACHE_HOME/diskern``

    Returns
    -------
    EventSet
        events (n, 10), lengths in mm, fSize as log10 of photons, fAlpha in degrees; labels 1 = gamma. 19020 events; the
        copy below ``DISKERN_DATA`` may hold fewer. The published file has all gammas first, so its events come in an
        order shuffled once and for all; of any other file the order is kept.

    Raises
    ------
    DatasetUnavailable (an OSError)
        It is not here and cannot be fetched.
    FormatError
        Wrong columns, labels or number of events, or another file than the one whose checksum was pinned.

    Notes
    -----
    Source: UCI Machine Learning Repository, R. Bock, MAGIC Gamma Telescope, doi:10.24432/C52C8B.
    """
    found, header, published = MAGIC.find(path, url, cache)
    columns = MAGIC.open(found, header).read(MAGIC.columns)
    labels = _text_labels(MAGIC, columns["class"], signal="g", background="h", path=found)
    events = _matrix(MAGIC, columns, _MAGIC_VARIABLES)
    if published:
        order = permutation(len(labels), 0, Purpose.SPLIT)
        events, labels = events[order], labels[order]
    return EventSet(events, labels, _MAGIC_VARIABLES, np.ones(len(labels)), MAGIC.title)


def load_higgsml(
    path: str | os.PathLike[str] | None = None,
    *,
    undefined: float = -999.0,
    url: str | None = None,
    cache: Path | None = None,
) -> EventSet:
    """Higgs to tau tau against its backgrounds, the ATLAS challenge of 2014: 17 primitive, 13 derived quantities,
    weights.

    Parameters
    ----------
    undefined : value for undefined entries, -999 as in the file; NaN for methods that take missing values
    path, url, cache : as for `load_magic`

    Returns
    -------
    EventSet
        events (n, 30) in GeV and radians, labels 1 = signal, the file's event weights; extra: ``EventId`` and, where
        the file has them, ``KaggleSet`` (t, b, v, u) and ``KaggleWeight``. The published file has 818238 events; the
        copy below ``DISKERN_DATA`` may be a part of it (weights then sum to that part).

    Raises
    ------
    DatasetUnavailable, FormatError
        As for `load_magic`.

    Notes
    -----
    Source: CERN Open Data Portal, record 328, doi:10.7483/OPENDATA.ATLAS.ZBP2.M5T8.
    """
    found, header, _ = HIGGSML.find(path, url, cache)
    table = HIGGSML.open(found, header)
    more = [name for name in ("KaggleSet", "KaggleWeight") if name in table.columns]
    columns = table.read((*HIGGSML.columns, *more))
    labels = _text_labels(HIGGSML, columns["Label"], signal="s", background="b", path=found)
    events = _matrix(HIGGSML, columns, _HIGGSML_VARIABLES)
    if undefined != -999.0:
        events[events == np.float32(-999.0)] = undefined
    extra = {name: columns[name] for name in ("EventId", *more)}
    weight = np.asarray(columns["Weight"], dtype=np.float64)
    return EventSet(events, labels, _HIGGSML_VARIABLES, weight, HIGGSML.title, extra)


def load_higgs(
    n: int | None = None,
    path: str | os.PathLike[str] | None = None,
    *,
    url: str | None = None,
    cache: Path | None = None,
) -> EventSet:
    """A heavy Higgs decaying through a charged one against top pairs, simulated: 21 measured quantities, 7 masses.

    Parameters
    ----------
    n : read only the first n events; all when None (11 million in the published file of 2.8 GB)
    path, url, cache : as for `load_magic`

    Returns
    -------
    EventSet
        events (n, 28), in units of the set's own; labels 1 = signal. The copy below ``DISKERN_DATA`` may hold fewer.

    Raises
    ------
    DatasetUnavailable, FormatError
        As for `load_magic`.

    Notes
    -----
    Source: UCI Machine Learning Repository, D. Whiteson, HIGGS, doi:10.24432/C5V312; arXiv:1402.4735. Names have
    ``b-tag`` as in the source: a DataLoader takes such a column by its name, but an expression would read a difference.
    """
    wanted = None if n is None else check_count(n)
    found, header, _ = HIGGS.find(path, url, cache)
    parts: list[NDArray[np.float32]] = []
    label_parts: list[NDArray[np.int32]] = []
    count = 0
    for columns in HIGGS.open(found, header).iterate(HIGGS.columns):
        events, labels = _matrix(HIGGS, columns, _HIGGS_VARIABLES), columns["label"]
        if labels.dtype.kind == "U" or not np.isin(labels, (0, 1)).all():
            raise FormatError(f"{HIGGS.title}: {found} has labels other than 0 and 1")
        parts.append(events)
        label_parts.append(labels.astype(np.int32))
        count += len(labels)
        if wanted is not None and count >= wanted:
            break
    events, labels = np.concatenate(parts)[:wanted], np.concatenate(label_parts)[:wanted]
    if wanted is not None and len(labels) < wanted:
        raise InvalidArgument(f"n is {wanted}, but {found} holds {len(labels)} events")
    return EventSet(events, labels, _HIGGS_VARIABLES, np.ones(len(labels)), HIGGS.title)


def _matrix(source: PublicFile, columns: Columns, names: Sequence[str]) -> NDArray[np.float32]:
    for name in names:
        if columns[name].dtype.kind == "U":
            raise FormatError(f"{source.title}: the column {name!r} is not made of numbers")
    return np.column_stack([columns[name].astype(np.float32) for name in names])


def _text_labels(
    source: PublicFile, column: NDArray[Any], *, signal: str, background: str, path: Path
) -> NDArray[np.int32]:
    labels: NDArray[np.int32] = (column == signal).astype(np.int32)
    if column.dtype.kind != "U" or not ((column == background) | (labels == 1)).all():
        raise FormatError(f"{source.title}: {path} has labels other than {signal!r} and {background!r}")
    return labels

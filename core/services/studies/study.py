"""What a study is: settings, pieces that can be done apart and in any order, and how they join into a result."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from core.services import Store

Cell = str | int | float | bool | None
Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a study that is done in one go: some seconds to some minutes.

    Attributes:
        title: what a person reads while it runs.
        weight: how long it takes against the other pieces; only the time left is reckoned from it.
    """

    title: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Loaded:
    """The data a run stands on, and a hash of it; a run whose data changes half-way is failed."""

    value: Any = None
    hash: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """What a piece may read besides its settings: the store, and the data that ``Study.load`` gave."""

    store: Store
    data: Any


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a result; every row has a cell for each column.

    Attributes:
        note: what a reader must know to read the figures right.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """Points of one name: ``x`` and ``y``, and where there is one the interval from ``low`` to ``high`` around y."""

    name: str
    x: tuple[str | float, ...]
    y: tuple[float | None, ...]
    low: tuple[float | None, ...] = ()
    high: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart as data.

    Attributes:
        kind: ``intervals`` puts a dot and its interval at each category of x; ``lines`` joins points over numbers.
        alt: what the chart shows, for someone who cannot see it.
    """

    kind: Literal["intervals", "lines"]
    title: str
    x_title: str
    y_title: str
    series: tuple[Series, ...]
    alt: str


@dataclass(frozen=True, slots=True)
class Result:
    """What a finished study says.

    Attributes:
        headline: sentences with the main findings, the first one first.
        synthetic: whether it stands on people that nobody met; said wherever the result is shown or written.
    """

    headline: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    charts: tuple[Chart, ...] = ()
    synthetic: bool = False

    def to_json(self) -> dict[str, Any]:
        """As stored in the job's row."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Result":
        """The result that ``to_json`` wrote."""
        return cls(
            tuple(document["headline"]),
            tuple(
                Table(t["title"], tuple(t["columns"]), tuple(tuple(row) for row in t["rows"]), t["note"])
                for t in document["tables"]
            ),
            tuple(
                Chart(**{**c, "series": tuple(_series(s) for s in c["series"])}) for c in document["charts"]
            ),
            bool(document.get("synthetic", False)),
        )


def _series(document: Mapping[str, Any]) -> Series:
    x, y, low, high = (tuple(document[key]) for key in ("x", "y", "low", "high"))
    return Series(document["name"], x, y, low, high)


def nothing_loaded(_store: Store, _settings: Any, _progress: Progress) -> Loaded:
    """For a study that needs no data."""
    return Loaded()


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """One entry of the registry; everything a page or the command line needs to offer it.

    Attributes:
        name: as typed on the command line.
        title, description: for people; the description is one paragraph.
        settings: a frozen dataclass whose fields are made with ``options.option``.
        pieces: (settings, seed) to the pieces, always the same for the same arguments.
        load: (store, settings, progress) to the data; called once in each worker. Where it takes long it calls
            ``progress`` as ``run_piece`` does.
        loading: what ``load`` does, for a person who waits for it.
        run_piece: (settings, seed, index, context, progress) to a dictionary that JSON can hold. A pure function
            of the first three and ``context.data``; calls ``progress`` with the fraction done, which raises when
            the run was cancelled.
        combine: (settings, results of all pieces in order) to the result. Pure.
        publish: (store, settings, results, by), for a study that changes the workbench; called exactly once, in
            the transaction that marks the run done.
        after: (store, settings, results), called after that transaction; long work that would hold others up. A
            kill may leave it undone, so ``publish`` notes that it is due.
        summary: (store, settings) to the line that tells one run from another in a list; without it, that line has
            the settings that differ from their defaults.
    """

    name: str
    title: str
    description: str
    settings: type
    pieces: Callable[[Any, int], Sequence[Piece]]
    run_piece: Callable[[Any, int, int, Context, Progress], dict[str, Any]]
    combine: Callable[[Any, Sequence[dict[str, Any]]], Result]
    load: Callable[[Store, Any, Progress], Loaded] = nothing_loaded
    loading: str = "Reading the data"
    publish: Callable[[Store, Any, Sequence[dict[str, Any]], str], None] | None = None
    after: Callable[[Store, Any, Sequence[dict[str, Any]]], None] | None = None
    summary: Callable[[Store, Any], str] | None = None


Studies = Mapping[str, Study]

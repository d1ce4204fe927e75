"""Step counts out of Apple Health's ``export.xml``, streamed: a file of any size in little memory.

The file opens with a document type of its own. iOS 16 wrote it with mistakes that no XML parser takes, and nothing
in it is needed, so it is passed over, after a look for entities: a file that declares any is refused, and so is one
with any other document type. Entities are therefore never expanded, and nothing outside the file is ever read.
Control characters that XML forbids, which some apps put into names, are read as spaces.

Records inside a ``Correlation`` stand at the top level as well, so only those count.
"""

import codecs
import re
from collections.abc import Callable
from datetime import date
from typing import BinaryIO
from xml.parsers import expat

from core.errors import InputError
from core.services.importing import dates, values
from core.services.importing.dates import DateOrder
from core.services.importing.merging import Collector
from core.services.importing.report import Findings

STEPS = "HKQuantityTypeIdentifierStepCount"
HEAD = 256 * 1024
LONGEST = 25 * 60 * 60
"""Seconds: a day on which the clocks go back."""
TOO_MANY = 1e12
"""More steps than this in a record count as this: their day is left out, and sums of them stay numbers."""

_CHUNK = 1 << 20
_DEEPEST = 64
_LONGEST_TAG = 4 << 20
_ROOT = b"<HealthData"
_DOCTYPE = re.compile(rb"<!DOCTYPE\s+HealthData\s*\[.*?\]\s*>(?=\s*<HealthData[\s>])", re.DOTALL)
_CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]")
_ZONE = re.compile(r"[+-][01][0-9][0-5][0-9]")
_FORBIDDEN = bytes(byte for byte in range(32) if byte not in b"\t\n\r")
_PRINTABLE = bytes.maketrans(_FORBIDDEN, b" " * len(_FORBIDDEN))
_EPOCH = date(1970, 1, 1).toordinal()
_AGAIN = "Have the phone export it anew (Health, your picture, Export All Health Data)."


class StepRecords:
    """The step counts of an export.

    Attributes:
        found: what is wrong with single records.
        collected: the counts themselves.
        records: how many counts of steps the file has.
        others: how many records of other things it has.
        long: counts over more than a day, left out.
        made: when the file was made, as it says; None where it does not.
    """

    def __init__(self) -> None:
        self.found = Findings()
        self.collected = Collector()
        self.records = self.others = self.long = 0
        self.made: str | None = None
        self._days: dict[str, int] = {}
        self._clock: dict[str, int] = {}
        self._zones: dict[str, int] = {}
        self._depth = self._fed = 0
        self._parser = parser = expat.ParserCreate("utf-8")
        parser.StartElementHandler = self._open
        parser.EndElementHandler = self._close
        parser.StartDoctypeDeclHandler = _no_doctype

    def feed(self, data: bytes) -> None:
        """Parse the next bytes; none at all end the file.

        Raises:
            InputError: if they are no sound XML, or more than an export ever holds.
        """
        self._fed += len(data)
        try:
            self._parser.Parse(data.translate(_PRINTABLE), not data)
        except expat.ExpatError as error:
            if not data:
                raise InputError(
                    f"The file ends in the middle, on line {error.lineno:,}: it was cut short. {_AGAIN}"
                ) from error
            reason = expat.ErrorString(error.code)
            raise InputError(
                f"The file is damaged: line {error.lineno:,} is no XML ({reason}). {_AGAIN}"
            ) from error
        if self._fed - self._parser.CurrentByteIndex > _LONGEST_TAG:
            raise InputError(
                f"Line {self._parser.CurrentLineNumber:,} is longer than any of an export of Apple Health."
            )

    def _open(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth == 2:
            if name == "Record":
                if attributes.get("type") == STEPS:
                    self._record(attributes)
                else:
                    self.others += 1
            elif name == "ExportDate":
                self.made = attributes.get("value")
        elif self._depth > _DEEPEST:
            raise InputError("The file nests its elements deeper than any export of Apple Health.")

    def _close(self, name: str) -> None:  # noqa: ARG002
        self._depth -= 1

    def _record(self, attributes: dict[str, str]) -> None:
        self.records += 1
        moments: list[tuple[int, int]] = []
        for column in ("startDate", "endDate"):
            text = attributes.get(column, "")
            try:
                moments.append(self._moment(text))
            except ValueError as error:
                self._problem(column, text, str(error))
        text = attributes.get("value", "")
        steps = 0.0
        try:
            steps = min(TOO_MANY, values.not_negative(text))
        except ValueError as error:
            self._problem("value", text, str(error))
        if attributes.get("unit", "count") != "count":
            self._problem("unit", attributes["unit"], "is not count, the unit of steps")
        if len(moments) < 2:
            return
        (start, offset), (end, _) = moments
        if end < start:
            self._problem("endDate", attributes["endDate"], "is before the start")
        elif end - start > LONGEST:
            self.long += 1
        else:
            source = attributes.get("sourceName", "")[: values.MOST_CHARACTERS]
            self.collected.add(start, end - start, offset, source, steps)

    def _problem(self, column: str, value: str, reason: str) -> None:
        self.found.problem(self._parser.CurrentLineNumber, column, value, reason)

    def _moment(self, text: str) -> tuple[int, int]:
        """Seconds since 1970 and the offset from UTC, of ``2026-01-31 07:30:00 +0100``."""
        usual = len(text) == 25 and text[10] == text[19] == " "
        if usual:
            # The same days, times of day and offsets come again and again.
            day, clock, zone = (
                self._days.get(text[:10]),
                self._clock.get(text[11:19]),
                self._zones.get(text[20:]),
            )
            if day is not None and clock is not None and zone is not None:
                return day + clock - zone, zone
        if not text:
            raise ValueError("is empty; every record needs one")
        moment = dates.parse(text, DateOrder.ISO)
        offset = moment.utcoffset()
        if offset is None:
            raise ValueError("has no offset from UTC; it is written as 2026-01-31 07:30:00 +0100")
        ahead = int(offset.total_seconds())
        if (
            usual
            and text[4] == text[7] == "-"
            and _CLOCK.fullmatch(text[11:19])
            and _ZONE.fullmatch(text[20:])
        ):
            self._days[text[:10]] = (moment.toordinal() - _EPOCH) * 86_400
            self._clock[text[11:19]] = moment.hour * 3600 + moment.minute * 60 + moment.second
            self._zones[text[20:]] = ahead
        return int(moment.timestamp()), ahead


def read(stream: BinaryIO, size: int, progress: Callable[[float], None]) -> StepRecords:
    """Read an export to its end.

    Args:
        size: bytes in the stream.
        progress: told how far it is, from 0 to 1.

    Raises:
        InputError: if it is no export of Apple Health, is damaged or cut short, or holds no steps.
    """
    records = StepRecords()
    head = stream.read(HEAD)
    done = len(head)
    records.feed(_without_doctype(head))
    while chunk := stream.read(_CHUNK):
        records.feed(chunk)
        done += len(chunk)
        progress(min(1.0, done / max(size, 1)))
    records.feed(b"")
    if not records.records:
        raise InputError(
            f"The export holds {records.others:,} records and none of steps. {_AGAIN} Look in Health whether "
            "it has steps to share."
        )
    return records


def is_export(head: bytes) -> bool:
    """Whether a file that begins so is an export of Apple Health."""
    return _ROOT in head


def _without_doctype(head: bytes) -> bytes:
    """The beginning of a file, an export's own document type blanked out line by line."""
    if not is_export(head):
        raise InputError(
            "This is XML, but no export of Apple Health. Choose the export.zip that the phone made, or the "
            "export.xml in it (not export_cda.xml)."
        )
    head = head.removeprefix(codecs.BOM_UTF8)
    # Only the first can be one; a search on from each of many takes minutes.
    found = _DOCTYPE.match(head, max(0, head.find(b"<!DOCTYPE")))
    if not found:
        return head
    if b"<!ENTITY" in found[0]:
        raise InputError(
            "The file declares XML entities, which no export of Apple Health does. It was not read any further; "
            f"do not trust where it comes from. {_AGAIN}"
        )
    return head[: found.start()] + b"\n" * found[0].count(b"\n") + head[found.end() :]


def _no_doctype(name: str, system: str | None, public: str | None, internal: int) -> None:  # noqa: ARG001
    raise InputError(
        "The file has a document type that no export of Apple Health has. It was not read any further; do not "
        f"trust where it comes from. {_AGAIN}"
    )

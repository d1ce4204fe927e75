"""Values as people read them; the same on pages, in the terminal and in reports."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

Cell = str | int | float | bool | None

NOTHING = "–"


def shown(value: Cell) -> str:
    """A cell as text: thousands separated, two decimals (three digits below 0.1), a dash for no value.

    Numbers have a true minus, as wide as a plus.
    """
    if value is None or value != value:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}".replace("-", "\u2212")
    if isinstance(value, float):
        text = f"{value:,.2f}" if abs(value) >= 0.1 or value == 0 else f"{value:.3g}"
        return text.replace("-", "\u2212")
    return value


def percent(share: float, decimals: int = 0) -> str:
    """A share as ``28 %``, the sign never on a line of its own."""
    return f"{share:.{decimals}%}".replace("%", "\u00a0%").replace("-", "\u2212")


def duration(seconds: float) -> str:
    """How long: ``12 s``, ``4 min``, ``2 h 5 min``."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def day(stamp: str) -> str:
    """The day of a stored time or date: ``5 Feb 2026``."""
    return _day(datetime.fromisoformat(stamp))


def moment(stamp: str, zone: str = "UTC") -> str:
    """A stored time as ``5 Feb 2026, 18:04`` in a time zone; a date without its time stays one."""
    if "T" not in stamp:
        return day(stamp)
    at = datetime.fromisoformat(stamp).astimezone(ZoneInfo(zone))
    return f"{_day(at)}, {at:%H:%M}"


def _day(at: datetime) -> str:
    return f"{at.day} {at:%b %Y}"  # not every system's strftime leaves the zero out


def listed(settings: Mapping[str, Any], labels: Mapping[str, str]) -> list[tuple[str, str]]:
    """Settings as pairs of label and value."""
    return [(labels.get(name, name), _joined(value)) for name, value in settings.items()]


def _joined(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else shown(value)

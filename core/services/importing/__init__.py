"""Taking in what other people's files hold: ``check`` reads and reports, ``take`` writes.

Every row is checked and nothing is written before the person agrees; a file is taken whole or not at
all. Times are kept as UTC, ISO 8601 text to the millisecond with Z; a time without a zone is read in
its client's time zone.
"""

from core.services.importing.checking import MY_CLIENTS, check, clients, implied, read_ahead
from core.services.importing.containers import steps_of
from core.services.importing.dates import DateOrder
from core.services.importing.report import Choices, Kind, Need, Problem, Report, Taken, ZeroDays
from core.services.importing.taking import take
from core.services.importing.wearables import OnePerson

__all__ = [
    "MY_CLIENTS",
    "Choices",
    "DateOrder",
    "Kind",
    "Need",
    "OnePerson",
    "Problem",
    "Report",
    "Taken",
    "ZeroDays",
    "check",
    "clients",
    "implied",
    "read_ahead",
    "steps_of",
    "take",
]

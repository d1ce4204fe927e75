"""Taking in what other people's files hold: ``check`` reads and reports, ``take`` writes.

Every row is checked and nothing is written before the person agrees; a file is taken whole or not at
all. Times are kept as UTC, ISO 8601 text to the millisecond with Z; a time without a zone is read in
its client's time zone.
"""

from core.services.importing.checking import MY_CLIENTS, check, implied
from core.services.importing.dates import DateOrder
from core.services.importing.report import Choices, Kind, Need, Problem, Report, Taken
from core.services.importing.taking import take

__all__ = [
    "MY_CLIENTS",
    "Choices",
    "DateOrder",
    "Kind",
    "Need",
    "Problem",
    "Report",
    "Taken",
    "check",
    "implied",
    "take",
]

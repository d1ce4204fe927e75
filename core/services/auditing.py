"""The record of who saw, did and exported what: is it whole?"""

from core.errors import DatabaseDamaged
from core.services import Store
from core.store import audit


def verify(store: Store, *, noted: str | None = None) -> tuple[int, str]:
    """Check the chain; returns how many rows it has, and its head.

    Args:
        noted: a head that was noted before, which must still be on record.

    Raises:
        DatabaseDamaged: naming the first row that does not fit, or saying that the noted head is gone.
    """
    rows = audit.verify(store.db)
    if noted is not None and not audit.holds(store.db, noted.strip().lower()):
        raise DatabaseDamaged(
            f"The head {noted.strip()} is not on record, so rows were cut off or written anew since it was noted. "
            "Keep this database as it is and compare it with a backup."
        )
    return rows, audit.head(store.db)

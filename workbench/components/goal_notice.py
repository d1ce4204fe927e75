"""What was done last on the Step goals page, and taking it back."""

from collections.abc import Sequence
from functools import partial

from core.errors import SpotterError
from core.services import Store, goals
from workbench.components.told import Kind, Notice, Told

NOTICE = Notice("goals")


def tell(kind: Kind, text: str, *, where: int | None, plans: Sequence[int] = ()) -> None:
    """Keep a sentence for the page's next run, in place of the last.

    Args:
        where: the client on whose page it belongs, None for the group's.
        plans: ids of the plans that it put in force, which can be taken back with it.
    """
    NOTICE.tell(kind, text, where=where, undoable=tuple(plans))


def draw(store: Store, where: int | None, *, user: str) -> None:
    """Draw the sentence kept for this place; one of another place is forgotten."""
    NOTICE.draw(where, undo=partial(_undo, store, user))


def _undo(store: Store, user: str, told: Told) -> None:
    text, problems = "", []
    for plan_id in told.undoable:
        try:
            text = goals.withdraw(store, plan_id, reason="undone", by=user)
        except SpotterError as error:
            problems.append(str(error))
    if problems:
        NOTICE.tell("problem", " ".join(dict.fromkeys(problems)), where=told.where)
        return
    if len(told.undoable) > 1:
        text = f"{len(told.undoable)} plans are taken back; the plans before them hold again."
    NOTICE.tell("undone", text, where=told.where)

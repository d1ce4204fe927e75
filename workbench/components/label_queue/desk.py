"""One person's desk: the batch on it, what was answered, and what is still to be told to the browser."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.errors import Conflict, NotFound, SpotterError, StoreError
from core.services import Store, clients, labelling, queue
from core.services.labelling import Answer
from core.services.queue import Item, Standing
from workbench.components.label_queue import operations, payload
from workbench.components.label_queue.operations import BringBack, Operation, Undo
from workbench.components.label_queue.payload import Document

UNEXPECTED = "Something went wrong in the workbench, and this answer was not recorded. Please give it again."

TAKEN_BACK = "That answer is taken back."


@dataclass(slots=True)
class Desk:
    """What one browser session knows of one person's work.

    Attributes:
        name: tells this session's batch numbers from another's.
        seen: clients whose view by this person the audit has already; one set for a browser session.
        first: a request to put before all others, from a link; None once it was dealt with.
        batch: the requests on the desk; the browser shows them one by one.
        limits_known: clients of the batch about whose limits something is on record.
        masks: what the gate masks for each client of the batch, with its hash.
        number: counts batches, so that the browser can tell a new one.
        serial: counts documents, so that the browser can tell an old one.
        refill: the last refill that the browser asked for and got.
        outcomes: by key, for the operations that the browser still names; dropped once it no longer does.
        notice: a sentence about the request that a link asked for.
        fault: why operations could not be written; the browser keeps them and sends them again.
    """

    name: str
    user: str
    cohort_id: int | None
    seen: set[int] = field(default_factory=set)
    first: int | None = None
    batch: list[Item] = field(default_factory=list)
    limits_known: set[int] = field(default_factory=set)
    masks: dict[int, tuple[str, Document]] = field(default_factory=dict)
    number: int = 0
    serial: int = 0
    refill: int = 0
    outcomes: dict[str, Document] = field(default_factory=dict)
    standing: Standing | None = None
    notice: str = ""
    fault: str = ""

    def put_first(self, request_id: int) -> None:
        """Put a request before all others; takes effect with the next batch, which is the next ``serve``."""
        self.first, self.notice, self.refill = request_id, "", -1

    def serve(self, store: Store, sent: Mapping[str, Any]) -> None:
        """Write the operations that the browser sent, each once, and top the batch up if it asked for that.

        An operation that the database could not take is left without an outcome, and so are those after it.
        """
        self.fault = ""
        try:
            named = self._write(store, sent.get("ops") or [])
            self.outcomes = {key: outcome for key, outcome in self.outcomes.items() if key in named}
            wanted = sent.get("refill", 0)
            if self.number == 0 or wanted != self.refill:
                self._fill(store)
                self.refill = wanted
            self.standing = queue.standing(store, self.user, self.cohort_id)
        except StoreError as error:
            self.fault = str(error)

    def document(self, catalogues: Mapping[str, str], sent: Mapping[str, Any]) -> Document:
        """Everything the browser needs to be told; a batch that it says it has is not sent again.

        Args:
            catalogues: the hash of each cohort's catalogue, by the cohort's name.
            sent: what the browser sent last.
        """
        has_batch = sent.get("batch") == [self.name, self.number]
        self.serial += 1
        return {
            "server": self.name,
            "serial": self.serial,
            "user": self.user,
            "batch": self.number,
            "refill": self.refill,
            "items": None if has_batch else self._items(catalogues),
            "masks": {} if has_batch else dict(self.masks.values()),
            "outcomes": self.outcomes,
            "standing": payload.standing_document(self.standing) if self.standing else None,
            "notice": self.notice,
            "fault": self.fault,
        }

    def _items(self, catalogues: Mapping[str, str]) -> list[Document]:
        return [
            payload.item_document(
                item,
                catalogues.get(item.cohort, ""),
                self.masks[item.client_id][0],
                limits_known=item.client_id in self.limits_known,
            )
            for item in self.batch
        ]

    def _write(self, store: Store, ops: list[Any]) -> set[str]:
        named = set()
        for raw in ops:
            key = operations.key_of(raw)
            if key is None:
                continue
            named.add(key)
            if key not in self.outcomes:
                self.outcomes[key] = self._perform(store, raw)
        return named

    def _perform(self, store: Store, raw: Mapping[str, Any]) -> Document:
        try:
            operation = operations.parse(raw)
            outcome = self._do(store, operation)
        except StoreError:
            raise
        except SpotterError as error:
            return payload.plain_outcome("refused", str(error))
        except Exception:
            # One operation that cannot be done must not hold up all that come after it.
            logging.getLogger(__name__).exception("operation failed")
            return payload.plain_outcome("refused", UNEXPECTED)
        if isinstance(operation, Answer) and outcome["status"] != labelling.MASKED:
            self.batch = [item for item in self.batch if item.request_id != operation.request_id]
            if self.first == operation.request_id:
                self.first = None
        return outcome

    def _do(self, store: Store, operation: Operation) -> Document:
        match operation:
            case Answer():
                return payload.outcome_document(labelling.answer(store, self.user, operation))
            case Undo(of=of, label_id=label_id):
                label_id = label_id or self.outcomes.get(of, {}).get("label")
                if label_id is None:
                    return payload.plain_outcome(
                        "refused", "There was nothing to take back: that answer was not recorded."
                    )
                if clients.taken_back(store, label_id, by=self.user):
                    # Sent again because a restart of the server lost the outcome: what was asked for is so.
                    return payload.plain_outcome("undone", TAKEN_BACK)
                return payload.plain_outcome("undone", labelling.undo(store, self.user, label_id))
            case BringBack():
                count = queue.bring_back(store, self.user, self.cohort_id)
                back = "1 skipped request is" if count == 1 else f"{count} skipped requests are"
                return payload.plain_outcome("brought back", f"{back} back in the queue.")

    def _fill(self, store: Store) -> None:
        waiting = queue.waiting(store, self.user, cohort_id=self.cohort_id)
        if self.first is not None:
            try:
                linked = queue.item(store, self.first)
                waiting = [linked, *(item for item in waiting if item.request_id != self.first)]
            except (NotFound, Conflict) as error:
                self.notice, self.first = str(error), None
        news = dict.fromkeys(item.client_id for item in waiting if item.client_id not in self.seen)
        clients.viewed(store, news, by=self.user)
        self.seen.update(news)
        self.limits_known = clients.with_limits_known(store, {item.client_id for item in waiting})
        self.masks = {
            item.client_id: payload.mask_document(queue.masked(store, item.client_id)) for item in waiting
        }
        self.batch, self.number = waiting, self.number + 1

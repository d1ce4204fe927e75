"""The daily messages to clients: planned at 08:00 and 20:00 on each client's clock, and sent once.

A message is a row before it is sent. Who sends it leases it first, and says ``sending`` in the database the moment
before the text is handed over:

- Stopped before that moment, it is sent by whoever takes it up when the lease has run out.
- Stopped after it, an e-mail may have arrived or not: it is marked ``unknown`` and never sent again. A webhook is
  called again with the same ``Idempotency-Key``, by which the receiver knows a message that it has already.

A server that cannot take it now (4xx, no connection) is tried again with growing pauses; one that refuses it (5xx) is
not. Two hours after its time a message is not sent any more. What became of each is kept and shown.
"""

from core.services.outbox.settings import Sending as Sending
from core.services.outbox.shown import log as log
from core.services.outbox.shown import standing as standing
from core.services.outbox.trial import send_trial as send_trial
from core.services.outbox.turn import turn as turn

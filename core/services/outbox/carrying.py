"""What can become of a message on its way out."""

from collections.abc import Callable

Begin = Callable[[], None]
"""Called the moment before the text is handed over; from then on it may arrive. Raises ``Lost``."""


class NotSent(Exception):
    """The message did not leave; the text says why, for a trainer."""


class Temporary(NotSent):
    """It did not arrive, and may on another try."""


class Refused(NotSent):
    """It did not arrive, and will not."""


class Unknown(NotSent):
    """It was handed over and no answer came: it may have arrived."""


class Lost(Exception):
    """The lease ran out before anything was handed over: the message is somebody else's."""

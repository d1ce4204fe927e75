"""Every error that Spotter raises on purpose.

    SpotterError
    ├── InputError (also a ValueError)    an argument, a file or an answer that cannot be used
    ├── NotFound                          what was asked for does not exist (any more)
    ├── Conflict                          someone else was first; nothing was changed
    ├── TooMany                           more than is taken in so short a time; says when to come again
    ├── NoModel                           the cohort has no trained model yet
    ├── JobFailed                         a long job stopped, with a sentence a person can read
    ├── SetupError (workbench.start)      the environment that Spotter runs in cannot be set up
    └── StoreError                        the database cannot do what it must
        ├── DatabaseTooNew                written by a later version of Spotter
        ├── DatabaseDamaged               the file is not a sound Spotter database
        ├── StorageFull                   no room left on the disk
        ├── StorageReadOnly               the folder or file cannot be written
        └── DatabaseBusy                  another process held the database for too long

The message of each says what is wrong and what to do about it.
"""


class SpotterError(Exception):
    """Root of the tree; catch this to catch everything Spotter raises on purpose."""


class InputError(SpotterError, ValueError):
    """An argument, a file or an answer that cannot be used."""


class NotFound(SpotterError):
    """What was asked for does not exist (any more)."""


class Conflict(SpotterError):
    """Someone else was first; nothing was changed."""


class TooMany(SpotterError):
    """More than is taken in so short a time; ``seconds`` says how long to wait."""

    def __init__(self, message: str, seconds: int) -> None:
        super().__init__(message)
        self.seconds = seconds


class NoModel(SpotterError):
    """The cohort has no trained model yet."""


class JobFailed(SpotterError):
    """A long job stopped; the message is for a person."""


class StoreError(SpotterError):
    """The database cannot do what it must."""


class DatabaseTooNew(StoreError):
    """The database was written by a later version of Spotter."""


class DatabaseDamaged(StoreError):
    """The file is not a sound Spotter database."""


class StorageFull(StoreError):
    """No room is left on the disk."""


class StorageReadOnly(StoreError):
    """The folder or the file cannot be written."""


class DatabaseBusy(StoreError):
    """Another process held the database for too long."""

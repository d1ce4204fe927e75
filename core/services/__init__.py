"""What a person does with the workbench: the only place where the store and the algorithms meet."""

from core.store import Store

__all__ = ["Store"]

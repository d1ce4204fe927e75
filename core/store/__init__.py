"""State in SQLite; nothing here knows an algorithm.

``Store`` opens the database and hands out connections and transactions; one small module per kind
of thing holds its queries. Weights are files beside the database, named by their hash.
"""

from core.store.database import Change, Store

__all__ = ["Change", "Store"]

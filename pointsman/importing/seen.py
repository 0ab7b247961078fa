"""Which answers were imported already; on disk, so that memory does not grow with the file."""

import sqlite3
from hashlib import blake2b

from pointsman.importing.rows import Row

_DIGEST = 12
_CACHE_KIB = 64 << 10


class Seen:
    """Digests of source, query and LLM, and where each was first; used as `with closing(Seen())`."""

    def __init__(self) -> None:
        # The empty name is a file of its own in the system's temporary folder, gone when it is closed.
        self._database = sqlite3.connect("", isolation_level=None)
        for pragma in ("journal_mode = off", "synchronous = off", f"cache_size = -{_CACHE_KIB}"):
            self._database.execute(f"pragma {pragma}")
        self._database.execute("create table seen (digest blob primary key, place text) without rowid")
        self._database.execute("begin")

    def first(self, row: Row, place: str) -> str | None:
        """Where the same query and LLM was before; None, and remembered, when nowhere."""
        digest = blake2b("\0".join((row.source, row.query_id, row.llm)).encode(), digest_size=_DIGEST).digest()
        added = self._database.execute("insert or ignore into seen values (?, ?)", (digest, place))
        if added.rowcount == 1:
            return None
        (first,) = self._database.execute("select place from seen where digest = ?", (digest,)).fetchone()
        return str(first)

    def close(self) -> None:
        self._database.close()

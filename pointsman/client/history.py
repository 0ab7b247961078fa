"""What the routing log knows of queries; apart, as only this part of the client needs the database's libraries."""

from typing import Self

from shared.database.engine import Database
from shared.database.log import Explanation, explain


class History:
    """One tenant's queries in the log; one small pool of connections, used as `async with History(…) as history`."""

    def __init__(self, postgres: str, tenant: str) -> None:
        self._database = Database(postgres)
        self._tenant = tenant

    async def explain(self, query_id: str) -> Explanation:
        """Everything that is known of a query; raises TransientError when Postgres is away."""
        async with self._database.session() as session:
            return await explain(session, self._tenant, query_id)

    async def close(self) -> None:
        await self._database.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

"""What the routing log knows of a query; apart, as only this part of the client needs the database's libraries."""

from shared.database.engine import Database
from shared.database.log import Explanation
from shared.database.log import explain as explanation_of


async def explain(postgres: str, tenant: str, query_id: str) -> Explanation:
    """Read it over a connection of its own; raises TransientError when Postgres is away."""
    async with Database(postgres) as database, database.session() as session:
        return await explanation_of(session, tenant, query_id)

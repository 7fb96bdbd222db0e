"""How the Prefect server uses its SQLite database: whoever may write asks for it first, and waits for its turn."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from prefect.server.database.configurations import AioSqliteConfiguration
from sqlalchemy.ext.asyncio import AsyncSession, AsyncSessionTransaction


class OneWriterAtATime(AioSqliteConfiguration):
    """Prefect's own configuration, with a write-ahead log and a minute of patience, but for the start of a transaction.

    Prefect begins most of them without asking for the right to write. If one has read, and another connection writes
    before it does, SQLite answers "database is locked" at once, however long it would have waited, and the server
    answers 503.
    """

    @asynccontextmanager
    async def begin_transaction(
        self,
        session: AsyncSession,
        with_for_update: bool = False,  # noqa: ARG002 - as Prefect has it
    ) -> AsyncGenerator[AsyncSessionTransaction, None]:
        """Begins a transaction that may write."""
        async with super().begin_transaction(session, with_for_update=True) as transaction:
            yield transaction

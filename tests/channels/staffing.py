"""People of a store at their screens, signed in as people sign in."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from uuid import UUID

from httpx import Cookies
from litestar.testing import AsyncTestClient

from tests.channels.conftest import Shopper
from unwall.channels.http.context import STAFF
from unwall.kernel.clock import now
from unwall.kernel.database import Database
from unwall.people import actions as people
from unwall.people import passwords, sessions
from unwall.people.values import Role, StaffDraft

PASSWORD = "tea and snow"
HASHED = passwords.HASHER.hash(PASSWORD)
NUMBERS = count(1)


async def hire(db: Database, merchant_id: UUID, role: Role = Role.OWNER, node_id: UUID | None = None) -> str:
    """Their e-mail."""
    email = f"{role}-{next(NUMBERS)}@example.org"
    async with db.transaction() as conn:
        await people.add_staff(conn, merchant_id, StaffDraft(email, f"The {role}", role, node_id), HASHED)
    return email


class Person(Shopper):
    """A browser of one's own at a server that is shared: its cookies go in before each request and out after it."""

    def __init__(self, http: AsyncTestClient, cookies: dict[str, str]) -> None:
        super().__init__(http)
        self.cookies = Cookies(cookies)

    async def get(self, url: str, **more):
        with self._at_the_screen():
            return await super().get(url, **more)

    async def post(self, url: str, data: dict | None = None, **more):
        with self._at_the_screen():
            return await super().post(url, data, **more)

    async def send(self, method: str, url: str, *, headers: dict[str, str], **more):
        with self._at_the_screen():
            return await super().send(method, url, headers=headers, **more)

    async def send_bare(self, method: str, url: str, data: dict[str, str], headers: dict[str, str]):
        """As a page of another site makes them send: with their cookies, without a token of ours."""
        with self._at_the_screen():
            return await self.http.request(method, url, data=data, headers=headers)

    @contextmanager
    def _at_the_screen(self) -> Iterator[None]:
        before, self.http.cookies = self.http.cookies, self.cookies
        try:
            yield
        finally:
            self.cookies, self.http.cookies = self.http.cookies, before


async def signed_in(
    client: AsyncTestClient, db: Database, merchant_id: UUID, role: Role = Role.OWNER, node_id: UUID | None = None
) -> Person:
    email = await hire(db, merchant_id, role, node_id)
    signed = await sessions.sign_in_staff(db, email, PASSWORD, "127.0.0.1", now())
    return Person(client, {STAFF: signed.token})

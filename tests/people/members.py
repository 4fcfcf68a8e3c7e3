"""Members who are signed in."""

from unwall.kernel.clock import now
from unwall.kernel.database import Database
from unwall.people import sessions
from unwall.people.sessions import SignedIn

PASSWORD = "tea and snow"


async def new_member(db: Database, email: str = "lin@example.com", name: str = "Lin") -> SignedIn:
    await sessions.sign_up(db, email, name, PASSWORD, "en")
    return await sessions.sign_in_member(db, email, PASSWORD, "127.0.0.1", now())

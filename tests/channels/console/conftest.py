import pytest

from tests.channels.conftest import Shopper
from tests.channels.console.console_site import ConsoleSite, open_console_site
from unwall.kernel.database import Database
from unwall.people.values import Role


@pytest.fixture
async def site(db: Database, browser: Shopper) -> ConsoleSite:
    """Signed in as the owner."""
    made = await open_console_site(db)
    return await made.sign_in_as(browser, Role.OWNER)

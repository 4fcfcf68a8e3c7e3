import pytest

from tests.channels.conftest import Shopper
from tests.channels.console.console_site import ConsoleSite, open_console_site
from unwall.kernel.database import Database
from unwall.people.values import Role
from unwall.services import Services


@pytest.fixture
async def site(db: Database, browser: Shopper, services: Services) -> ConsoleSite:
    """Signed in as the owner. The pictures that its rows name are stored."""
    made = await open_console_site(db)
    async with db.read() as conn:
        for record in await conn.fetch("SELECT file FROM post_media UNION SELECT file FROM product_image"):
            await services.files.put(record["file"], b"<svg/>")
    return await made.sign_in_as(browser, Role.OWNER)

import pytest

from tests.channels.conftest import Shopper
from tests.channels.console.bureau import Bureau, open_bureau
from unwall.kernel.database import Database
from unwall.people.values import Role


@pytest.fixture
async def bureau(db: Database, browser: Shopper) -> Bureau:
    """The owner sits at the desk."""
    made = await open_bureau(db)
    return await made.sit(browser, Role.OWNER)

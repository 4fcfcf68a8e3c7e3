import pytest

from tests.channels.shop.store import Store, open_store
from unwall.kernel.database import Database


@pytest.fixture
async def store(db: Database) -> Store:
    return await open_store(db)

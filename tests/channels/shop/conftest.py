import pytest

from tests.channels.shop.stall import Stall, open_stall
from unwall.kernel.database import Database


@pytest.fixture
async def stall(db: Database) -> Stall:
    return await open_stall(db)

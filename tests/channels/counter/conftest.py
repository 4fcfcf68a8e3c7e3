import pytest
from litestar.testing import AsyncTestClient

from tests.channels.conftest import Shopper
from tests.channels.staffing import signed_in
from tests.commerce.market import Market, open_market
from unwall.kernel.database import Database
from unwall.people.values import Role


@pytest.fixture
async def market(db: Database) -> Market:
    return await open_market(db)


@pytest.fixture
async def clerk(client: AsyncTestClient, db: Database, market: Market) -> Shopper:
    """Staff of the shop at the West Lake."""
    return await signed_in(client, db, market.merchant, Role.NODE, market.west_lake)


@pytest.fixture
async def rival(client: AsyncTestClient, db: Database, market: Market) -> Shopper:
    """Staff of the same merchant's shop in Shanghai."""
    return await signed_in(client, db, market.merchant, Role.NODE, market.bund)

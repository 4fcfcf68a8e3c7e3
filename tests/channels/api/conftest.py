import pytest
from litestar.testing import AsyncTestClient

from tests.channels.api.api_clients import Client, merchant_program, shopper_app
from tests.channels.shop.store import Store, open_store
from unwall.kernel.database import Database


@pytest.fixture
async def store(db: Database) -> Store:
    return await open_store(db)


@pytest.fixture
async def app(client: AsyncTestClient, store: Store) -> Client:
    return await shopper_app(client)


@pytest.fixture
async def robot(client: AsyncTestClient, db: Database, store: Store) -> Client:
    return await merchant_program(client, db, store.market)

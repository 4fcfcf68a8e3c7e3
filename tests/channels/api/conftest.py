import pytest
from litestar.testing import AsyncTestClient

from tests.channels.api.programs import Program, merchant_program, shopper_app
from tests.channels.shop.stall import Stall, open_stall
from unwall.kernel.database import Database


@pytest.fixture
async def stall(db: Database) -> Stall:
    return await open_stall(db)


@pytest.fixture
async def app(client: AsyncTestClient, stall: Stall) -> Program:
    return await shopper_app(client)


@pytest.fixture
async def robot(client: AsyncTestClient, db: Database, stall: Stall) -> Program:
    return await merchant_program(client, db, stall.market)

"""Training."""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

import asyncpg
import numpy as np

from unwall.insight.recommend import reads
from unwall.insight.recommend.fitting import Steps
from unwall.insight.recommend.model import TransitionModel
from unwall.insight.recommend.steps import collect_steps
from unwall.insight.recommend.values import Fit
from unwall.kernel.clock import now
from unwall.kernel.database import Database, Transaction
from unwall.kernel.files import Files
from unwall.kernel.ids import new_id


async def train(db: Database, files: Files, history: Path | None = None, *, at: datetime | None = None) -> Fit:
    """Train a model on the journal and activate it. `history` is the folder of the journal's export; without it only
    events in the database are read. `at`: when it is, if not now.

    Concurrent trainings are harmless: the one that ends last is active.
    """
    started = time.perf_counter()
    async with db.read() as conn:
        products = await reads.products_on_sale(conn)
    steps, events = await collect_steps(db, history, [product for product, _ in products])
    model = await asyncio.to_thread(_fit, products, steps, at or now())
    data = await asyncio.to_thread(model.to_bytes)
    model_id = new_id()
    key = f"models/{model_id}.npz"  # not the content's hash, so that training again replaces a damaged file
    await files.put(key, data)
    persons, seconds = len(np.unique(steps.person)), round(time.perf_counter() - started, 2)
    fit = Fit(events, persons, len(model.ids), len(model.near.indices), seconds)
    async with db.transaction() as conn:
        await _activate(conn, model_id, key, fit)
    return fit


def _fit(products: Sequence[asyncpg.Record], steps: Steps, at: datetime) -> TransitionModel:
    ids: list[UUID] = [product for product, _ in products]
    merchants = sorted({merchant for _, merchant in products})
    merchant_number = {merchant: n for n, merchant in enumerate(merchants)}
    owner = np.array([merchant_number[merchant] for _, merchant in products], np.int64)
    return TransitionModel.fit(ids, merchants, owner, steps, now=at.timestamp())


async def _activate(conn: Transaction, model_id: UUID, key: str, fit: Fit) -> None:
    await conn.execute("SELECT pg_advisory_xact_lock(hashtext('model ' || $1))", reads.KIND)
    await conn.execute("UPDATE model SET active = false WHERE kind = $1 AND active", reads.KIND)
    await conn.execute("INSERT INTO model VALUES ($1, $2, $3, $4, true)", model_id, reads.KIND, key, fit)

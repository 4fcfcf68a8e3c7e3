"""Training."""

import asyncio
import time
from collections.abc import Sequence
from uuid import UUID

import asyncpg
import numpy as np

from unwall.insight.recommend import reads
from unwall.insight.recommend.fitting import KIND_WEIGHTS, Steps
from unwall.insight.recommend.model import TransitionModel
from unwall.insight.recommend.values import Fit
from unwall.kernel.database import Database, Transaction
from unwall.kernel.files import Files
from unwall.kernel.ids import new_id


async def train(db: Database, files: Files) -> Fit:
    """Learn from the whole journal and make the new model the active one.

    Training twice at once is harmless: the later one stays.
    """
    started = time.perf_counter()
    async with db.read() as conn:
        shelf, steps = await reads.shelf(conn), await reads.steps(conn)
    model, persons = await asyncio.to_thread(_fit, shelf, steps)
    data = await asyncio.to_thread(model.to_bytes)
    model_id = new_id()
    key = f"models/{model_id}.npz"  # not its content's hash: a damaged file is then replaced by training again
    await files.put(key, data)
    fit = Fit(len(steps), persons, len(model.ids), len(model.near.indices), round(time.perf_counter() - started, 2))
    async with db.transaction() as conn:
        await _activate(conn, model_id, key, fit)
    return fit


def _fit(shelf: Sequence[asyncpg.Record], steps: Sequence[asyncpg.Record]) -> tuple[TransitionModel, int]:
    """The model, and how many persons it learned from. Steps over what is no longer sold are left out."""
    ids: list[UUID] = [product for product, _ in shelf]
    merchants = sorted({merchant for _, merchant in shelf})
    merchant_number = {merchant: n for n, merchant in enumerate(merchants)}
    owner = np.array([merchant_number[merchant] for _, merchant in shelf], np.int64)
    number = {product: n for n, product in enumerate(ids)}
    known = [(person, number[product], kind, at) for person, product, kind, at in steps if product in number]
    table = np.array(known, np.float64).reshape(-1, 4)
    person, item, kind = (table[:, column].astype(np.int64) for column in range(3))
    model = TransitionModel.fit(ids, merchants, owner, Steps(person, item, KIND_WEIGHTS[kind], table[:, 3]))
    return model, len(np.unique(person))


async def _activate(conn: Transaction, model_id: UUID, key: str, fit: Fit) -> None:
    await conn.execute("SELECT pg_advisory_xact_lock(hashtext('model ' || $1))", reads.KIND)
    await conn.execute("UPDATE model SET active = false WHERE kind = $1 AND active", reads.KIND)
    await conn.execute("INSERT INTO model VALUES ($1, $2, $3, $4, true)", model_id, reads.KIND, key, fit)

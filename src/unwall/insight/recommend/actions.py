"""Training, and going back to an earlier model."""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

import numpy as np

from unwall.catalogue.terms import runs, without_runs
from unwall.insight.recommend import reads
from unwall.insight.recommend.artefact import UnreadableModel
from unwall.insight.recommend.content import content_neighbours
from unwall.insight.recommend.fitting import Steps
from unwall.insight.recommend.judging import judge
from unwall.insight.recommend.model import Catalogue, LearnedTrees, Model
from unwall.insight.recommend.steps import collect_steps
from unwall.insight.recommend.values import Fit
from unwall.kernel.clock import now
from unwall.kernel.database import Database, Transaction
from unwall.kernel.errors import NotFound
from unwall.kernel.files import Files
from unwall.kernel.ids import new_id
from unwall.kernel.typed import folded

MAX_MODELS = 8
"""The active one and the newest others stay; files of older ones are deleted."""


async def train(db: Database, files: Files, history: Path | None = None, *, at: datetime | None = None) -> Fit:
    """Train a model on the journal and activate it, unless it is worse than the standing one: then it is kept inactive
    (`Fit.judged`). `history` is the folder of the journal's export; without it only events in the database are read.
    `at`: when it is, if not now.

    Concurrent trainings are harmless: the one that ends last is active.
    """
    started = time.perf_counter()
    async with db.read() as conn:
        products = await reads.products_on_sale(conn)
        active = await reads.active_model(conn)
    steps, events = await collect_steps(db, history, [product.id for product in products])
    catalogue = await asyncio.to_thread(catalogue_of, products)
    standing = await _standing(files, active)
    until = active.fit.until if active else None
    judged, trees = await asyncio.to_thread(judge, catalogue, steps, standing, until)
    model = await asyncio.to_thread(_fit, catalogue, steps, at or now(), trees)
    data = await asyncio.to_thread(model.to_bytes)
    model_id = new_id()
    key = _file(model_id)
    await files.put(key, data)
    fit = Fit(
        events,
        len(np.unique(steps.person)),
        len(model.ids),
        len(model.members.transitions.indices),
        round(time.perf_counter() - started, 2),
        float(steps.at.max(initial=0)),
        judged,
        tuple(name for name, learned in trees._asdict().items() if learned),
    )
    async with db.transaction() as conn:
        await _keep(conn, model_id, key, fit)
        if not judged.worse:
            await _activate(conn, model_id)
    await _delete_old(db, files)
    return fit


def _fit(catalogue: Catalogue, steps: Steps, at: datetime, trees: LearnedTrees) -> Model:
    return Model.fit(catalogue, steps, now=at.timestamp(), trees=trees)


def catalogue_of(products: Sequence[reads.Recommendable]) -> Catalogue:
    merchants = sorted({product.merchant_id for product in products})
    number = {merchant: n for n, merchant in enumerate(merchants)}
    owner = np.array([number[product.merchant_id] for product in products], np.int64)
    content = content_neighbours([_words(product.title) for product in products])
    return Catalogue([product.id for product in products], merchants, owner, content)


def _words(title: str) -> list[str]:
    """The words; of scripts without spaces, the pairs of characters."""
    text = folded(title)
    return without_runs(text).split() + [run[n : n + 2] for run in runs(text) for n in range(max(1, len(run) - 1))]


async def _standing(files: Files, active: reads.ModelRow | None) -> Model | None:
    """None where there is none that can be read: then the new one is better."""
    if active is None:
        return None
    try:
        return await asyncio.to_thread(Model.from_bytes, await files.get(active.file))
    except (UnreadableModel, NotFound):
        return None


async def roll_back(db: Database) -> UUID | None:
    """Activate the model before the active one, and return its id; None where there is no earlier one. The next
    training replaces it."""
    async with db.transaction() as conn:
        await _lock(conn)
        kept = await reads.models(conn)
        active = next((n for n, model in enumerate(kept) if model.active), None)
        earlier = [model for model in kept[active + 1 :] if not model.fit.judged.worse] if active is not None else []
        if not earlier:
            return None
        await _activate(conn, earlier[0].id)
    return earlier[0].id


async def _keep(conn: Transaction, model_id: UUID, key: str, fit: Fit) -> None:
    await conn.execute("INSERT INTO model VALUES ($1, $2, $3, $4, false)", model_id, reads.KIND, key, fit)


async def _delete_old(db: Database, files: Files) -> None:
    """The row first: a file without a row serves nobody, and a row without a file would."""
    async with db.transaction() as conn:
        await _lock(conn)
        old = [model for model in (await reads.models(conn))[MAX_MODELS:] if not model.active]
        await conn.execute("DELETE FROM model WHERE id = ANY($1)", [model.id for model in old])
    for model in old:
        await files.delete(_file(model.id))


def _file(model_id: UUID) -> str:
    """Not the content's hash, so that training again replaces a damaged file."""
    return f"models/{model_id}.model"


async def _activate(conn: Transaction, model_id: UUID) -> None:
    await _lock(conn)
    await conn.execute("UPDATE model SET active = false WHERE kind = $1 AND active", reads.KIND)
    await conn.execute("UPDATE model SET active = true WHERE id = $1", model_id)


async def _lock(conn: Transaction) -> None:
    await conn.execute("SELECT pg_advisory_xact_lock(hashtext('model ' || $1))", reads.KIND)

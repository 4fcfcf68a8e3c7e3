"""Working profiles out: of everybody in the night, and of one member after a purchase."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from uuid import UUID

import numpy as np
from msgspec import to_builtins
from msgspec.structs import asdict

from unwall.insight.profiles import reads, rules
from unwall.insight.profiles.buying import BuyingModel
from unwall.insight.profiles.files import profiles_folder
from unwall.insight.profiles.staging import stage
from unwall.insight.profiles.standing import Buyers, BuyerStanding, standing
from unwall.insight.profiles.values import (
    Bought,
    BoughtLine,
    Computed,
    Lifecycle,
    Machine,
    Measures,
    PriceBand,
    Profile,
)
from unwall.journal.values import EventKind
from unwall.kernel.database import Connection, Database, Transaction
from unwall.kernel.ids import new_id

_COLUMNS = (*Profile.__struct_fields__, "interests")
_NAMES = ", ".join(_COLUMNS)
_STORE = f"""
    WITH given AS MATERIALIZED (SELECT * FROM jsonb_populate_recordset(NULL::profile, $1)),
    allowed AS MATERIALIZED (  -- locked, so that whoever says no meanwhile waits, and then deletes what is written here
        SELECT id FROM profiled_member WHERE id IN (SELECT member_id FROM given) ORDER BY id FOR SHARE
    )
    INSERT INTO profile AS old ({_NAMES})
    SELECT {_NAMES} FROM given JOIN allowed ON allowed.id = given.member_id
    ON CONFLICT (merchant_id, member_id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[2:])}
    WHERE old.computed_at <= excluded.computed_at
"""
_MEASURES = """
    INSERT INTO profile_measures (merchant_id, measures, computed_at) VALUES ($1, $2, $3)
    ON CONFLICT (merchant_id) DO UPDATE SET measures = excluded.measures, computed_at = excluded.computed_at
"""


async def compute(db: Database, data: Path, exported: Path | None, machine: Machine, now: datetime) -> Computed:
    """All profiles of all merchants, in the files and in the table. A profile that was brought up to date since `now`
    stays. Whoever asks while another works waits, and works them out again."""
    from unwall.insight.profiles import assembling  # noqa: PLC0415  Ibis and SciPy: no other process needs their memory

    members = fitted = 0
    async with _alone(db) as conn, _folder(data) as folder:
        staged = await stage(db, exported, folder, now)
        counted = await asyncio.to_thread(assembling.count, machine, staged, folder)
        days = await reads.local_days(conn, now)
        for merchant_id in days:
            made = await asyncio.to_thread(assembling.write, counted, data, merchant_id, days[merchant_id], now)
            for some in made.rows(merchant_id):
                async with db.transaction() as transaction:
                    await transaction.execute(_STORE, to_builtins(some))
            async with db.transaction() as transaction:
                await transaction.execute(_MEASURES, merchant_id, to_builtins(made.measures, str_keys=True), now)
                sql = "DELETE FROM profile WHERE merchant_id = $1 AND computed_at < $2"
                await transaction.execute(sql, merchant_id, now)
            members += made.traits.num_rows
            fitted += made.measures.buying is not None
    return Computed(len(days), members, fitted)


@asynccontextmanager
async def _alone(db: Database) -> AsyncIterator[Connection]:
    async with db.read() as conn:
        await conn.execute("SELECT pg_advisory_lock(hashtext('profiles'))")
        try:
            yield conn
        finally:
            await conn.execute("SELECT pg_advisory_unlock(hashtext('profiles'))")


@asynccontextmanager
async def _folder(data: Path) -> AsyncIterator[Path]:
    """To work in, with nothing of an earlier run that died."""
    parent = profiles_folder(data) / ".work"
    await asyncio.to_thread(shutil.rmtree, parent, ignore_errors=True)
    folder = parent / str(new_id())
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        await asyncio.to_thread(shutil.rmtree, parent, ignore_errors=True)


async def refresh(conn: Transaction, merchant_id: UUID, member_id: UUID, now: datetime) -> None:
    """Bring one profile up to date with the member's orders; what was looked at stays as of the night before, faded by
    the days since. Nothing happens to who may not be profiled."""
    bought = await reads.bought(conn, merchant_id, member_id, now)
    if bought is None or not bought.days:
        return
    before = await reads.profile(conn, merchant_id, member_id)
    known = await reads.interests(conn, merchant_id, member_id)
    measures = await reads.measures(conn, merchant_id) or Measures(rules.USUAL_RHYTHM_DAYS, None, {})
    lines = await reads.bought_lines(conn, merchant_id, member_id)
    interests: dict[UUID, float] = {}
    if known is not None:
        faded = rules.decay((now - known[1]).days)
        interests = {category: weight * faded for category, weight in known[0].items()}
    hour = before.favourite_hour if before and before.favourite_hour is not None else bought.hour
    moments = [one for one in (before.last_seen_at if before else None, bought.last_at) if one is not None]
    stands = _standing(bought, measures)
    profile = Profile(
        merchant_id=merchant_id,
        member_id=member_id,
        lifecycle=Lifecycle(stands.lifecycle[0]),
        alive_probability=float(stands.alive[0]),
        next_purchase_probability=float(stands.next_purchase[0]),
        first_order_at=bought.first_at,
        last_order_at=bought.last_at,
        orders=bought.orders,
        spent=bought.spent,
        average_order=bought.spent // bought.orders,
        price_band=_price_band(lines, measures, merchant_id),
        favourite_node_id=bought.shop_id,
        favourite_hour=hour,
        follows=bought.follows,
        last_seen_at=max(moments),
        tastes=_tastes(lines, interests, bought.today),
        computed_at=now,
    )
    row = to_builtins({**asdict(profile), "interests": interests}, str_keys=True)
    await conn.execute(_STORE, [row])


def _standing(bought: Bought, measures: Measures) -> BuyerStanding:
    days = [float(day) for day in bought.days]
    figures = (float(len(days)), days[0], days[-1], days[-2] if len(days) > 1 else days[-1])
    buyers = Buyers(*(np.array([figure]) for figure in figures))
    model = BuyingModel(*measures.buying) if measures.buying else None
    return standing(buyers, bought.today, model, measures.usual_rhythm)


def _price_band(lines: Sequence[BoughtLine], measures: Measures, merchant_id: UUID) -> PriceBand | None:
    """Of lines in categories that others have bought from too, as far as that was counted."""
    priced = [(line, price) for line in lines if (price := measures.unit_prices.get(line.category_id or merchant_id))]
    usual = sum(line.quantity * price for line, price in priced)
    return rules.price_band(sum(line.total for line, _ in priced) / usual) if usual else None


def _tastes(lines: Sequence[BoughtLine], interests: Mapping[UUID, float], today: int) -> dict[UUID, float]:
    weights = dict(interests)
    for line in lines:
        if line.category_id is not None:
            weight = rules.TASTE_WEIGHTS[EventKind.PURCHASE] * rules.decay(today - line.day)
            weights[line.category_id] = weights.get(line.category_id, 0.0) + weight
    return rules.shares(weights)


async def forget_profiles(conn: Transaction, member_id: UUID) -> None:
    """At every merchant. The files are without them after the next night."""
    await conn.execute("DELETE FROM profile WHERE member_id = $1", member_id)

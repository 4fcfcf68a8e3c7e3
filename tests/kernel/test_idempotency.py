from datetime import timedelta
from uuid import UUID

import pytest

from unwall.kernel.clock import now
from unwall.kernel.database import Database
from unwall.kernel.errors import Conflict, Invalid
from unwall.kernel.idempotency import KEPT, StoredAnswer, delete_expired, once


class Work:
    def __init__(self) -> None:
        self.ids: list[UUID] = []

    async def __call__(self, made: UUID) -> StoredAnswer:
        self.ids.append(made)
        return StoredAnswer(201, str(made).encode())


async def test_a_request_that_arrives_twice_is_done_once_and_answered_alike(db: Database):
    work = Work()
    first = await once(db, "key:1", "abcdefgh", b"body", work)
    second = await once(db, "key:1", "abcdefgh", b"body", work)
    assert first == second == StoredAnswer(201, str(work.ids[0]).encode())
    assert len(work.ids) == 1


async def test_the_same_key_with_another_body_is_an_error_and_does_nothing(db: Database):
    work = Work()
    await once(db, "key:1", "abcdefgh", b"body", work)
    with pytest.raises(Conflict) as caught:
        await once(db, "key:1", "abcdefgh", b"another", work)
    assert caught.value.code == "key-reused"
    assert len(work.ids) == 1


async def test_an_answer_is_kept_for_a_week(db: Database):
    work = Work()
    await once(db, "key:1", "abcdefgh", b"body", work)
    async with db.transaction() as conn:
        await delete_expired(conn, now() + KEPT - timedelta(minutes=1))
    await once(db, "key:1", "abcdefgh", b"body", work)
    assert len(work.ids) == 1
    async with db.transaction() as conn:
        await delete_expired(conn, now() + KEPT)
    await once(db, "key:1", "abcdefgh", b"body", work)
    assert len(work.ids) == 2


async def test_callers_do_not_share_keys(db: Database):
    work = Work()
    await once(db, "key:1", "abcdefgh", b"body", work)
    await once(db, "key:2", "abcdefgh", b"body", work)
    assert len(set(work.ids)) == 2


async def test_a_request_that_died_before_its_answer_is_done_again_under_the_same_id(db: Database):
    work = Work()

    async def die(made: UUID) -> StoredAnswer:
        await work(made)
        raise RuntimeError("the process was killed")

    with pytest.raises(RuntimeError):
        await once(db, "key:1", "abcdefgh", b"body", die)
    await once(db, "key:1", "abcdefgh", b"body", work)
    assert work.ids[0] == work.ids[1]


@pytest.mark.parametrize("key", ["", "short", "x" * 201])
async def test_a_key_of_the_wrong_length_is_refused_by_name(db: Database, key: str):
    with pytest.raises(Invalid) as caught:
        await once(db, "key:1", key, b"body", Work())
    assert list(caught.value.by_field()) == ["Idempotency-Key"]
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM idempotency") == 0

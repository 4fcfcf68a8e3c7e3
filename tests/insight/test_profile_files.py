"""The files that segments are counted from."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from unwall.insight.profiles.files import ACTIVITY, TRAITS, current, profiles_folder, write_files

MERCHANT, MEMBER, TEA = UUID(int=1), UUID(int=2), UUID(int=3)
MOMENT = datetime(2026, 11, 1, 9, tzinfo=UTC)


def traits(orders: int = 0) -> pa.RecordBatch:
    row = dict.fromkeys(TRAITS.names) | {
        **{"row": 0, "member_id": MEMBER.bytes, "lifecycle": "prospect", "orders": orders, "spent": 0},
        **{"average_order": 0, "follows": 1, "tastes": [(str(TEA), 1.0)], "computed_at": MOMENT},
    }
    return pa.RecordBatch.from_pylist([row], TRAITS)


def activity() -> pa.RecordBatch:
    row = {
        "row": 0,
        "day": 20_000,
        "kind": "view",
        "product_id": TEA.bytes,
        "category_id": None,
        "count": 2,
        "amount": 0,
    }
    return pa.RecordBatch.from_pylist([row], ACTIVITY)


def test_a_generation_is_read_as_it_was_written(tmp_path: Path):
    assert current(tmp_path, MERCHANT) is None
    folder = write_files(tmp_path, MERCHANT, [traits()], [activity()])
    assert current(tmp_path, MERCHANT) == folder
    by_name = profiles_folder(tmp_path) / str(MERCHANT)
    assert pq.read_table(by_name / "traits.parquet").to_pylist() == pa.Table.from_batches([traits()]).to_pylist()
    assert pq.read_table(by_name / "activity.parquet").to_pylist() == pa.Table.from_batches([activity()]).to_pylist()
    assert pq.read_schema(by_name / "traits.parquet").equals(TRAITS)
    assert pq.read_schema(by_name / "activity.parquet").equals(ACTIVITY)


def test_who_has_opened_a_generation_keeps_it_until_the_one_after_the_next(tmp_path: Path):
    first, second, third = (write_files(tmp_path, MERCHANT, [traits(n)], []) for n in range(3))
    assert not first.exists()
    assert second.exists()
    assert current(tmp_path, MERCHANT) == third
    assert sorted(path.name for path in profiles_folder(tmp_path).iterdir()) == sorted(
        [str(MERCHANT), second.name, third.name]
    )


def test_a_writer_that_dies_changes_nothing_and_is_cleared_away(tmp_path: Path):
    before = write_files(tmp_path, MERCHANT, [traits()], [activity()])

    def dying():
        yield activity()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_files(tmp_path, MERCHANT, [traits(7)], dying())
    assert current(tmp_path, MERCHANT) == before
    after = write_files(tmp_path, MERCHANT, [], [])
    assert {path for path in profiles_folder(tmp_path).iterdir() if not path.is_symlink()} == {before, after}

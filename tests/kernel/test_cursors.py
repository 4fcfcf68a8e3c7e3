from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from unwall.kernel.cursors import LAST, decode, encode, page_of
from unwall.kernel.errors import Invalid


@given(st.uuids())
def test_a_cursor_reads_back_what_it_says(position: UUID):
    assert decode(encode(position)) == position


def test_no_cursor_is_the_start():
    assert decode(None) == decode("") == LAST


@given(st.text(max_size=40))
def test_what_is_no_cursor_of_ours_is_refused_by_name(text: str):
    try:
        position = decode(text, field="after")
    except Invalid as error:
        assert list(error.by_field()) == ["after"]
    else:
        assert isinstance(position, UUID)


@given(st.lists(st.uuids(), unique=True, max_size=40), st.integers(1, 7), st.data())
def test_paging_meets_every_lasting_row_once_whatever_comes_and_goes(ids: list[UUID], limit: int, data: st.DataObject):
    """Rows are listed from newest to oldest; some are deleted and some inserted between the pages."""
    rows, lasting, seen, after = set(ids), set(ids), [], None
    while True:
        position = decode(after)
        found = sorted((i for i in rows if i < position), reverse=True)[: limit + 1]
        page = page_of(found, limit, lambda row: row)
        seen += page.rows
        if page.after is None:
            break
        after = page.after
        newcomer = data.draw(st.uuids())
        if newcomer not in lasting:
            rows.add(newcomer)
        gone = data.draw(st.sampled_from(sorted(rows)))
        rows.discard(gone)
        if gone not in seen:
            lasting.discard(gone)
    assert len(seen) == len(set(seen))
    assert lasting <= set(seen)


def test_a_last_page_that_is_just_full_says_that_it_is_the_last():
    ids = [UUID(int=n) for n in (3, 2, 1)]
    assert page_of(ids, 3, lambda row: row).after is None
    assert page_of(ids, 2, lambda row: row).after == encode(UUID(int=2))

"""What people write is shown in its own direction: Hebrew and Arabic from the right, whatever the page's language. No
page tears a paragraph."""

from uuid import UUID

from tests.channels.shop.store import join, put_into_bag
from tests.channels.test_hostile import Siege, doors, siege
from tests.channels.test_route_access import Town, town
from tests.html import parsed, words
from unwall.commerce.orders.listing_values import OrderFilter, OrderNote
from unwall.commerce.orders.marks import add_note, save_filter
from unwall.content.conversations.answering import save_quick_reply
from unwall.content.conversations.values import QuickReply
from unwall.kernel.clock import now
from unwall.kernel.database import Database
from unwall.kernel.ids import new_id

__all__ = ["siege", "town"]  # fixtures that other tests lend

WRITTEN = "שלום"
FREE_TEXT = {
    "merchant": "name",
    "staff": "name",
    "member": "name",
    "category": "title",
    "product": "title description vendor",
    "bundle": "title description",
    "account": "name bio",
    "post": "title body",
    "moderation_report": "words",
    "node": "name",
    "order_line": "title",
    "shipment": "customer",
    "review": "words author",
    "question": "words author",
    "answer": "words author",
    "comment": "words author",
    "conversation": "name",
    "message": "body",
    "quick_reply": "title body",
    "order_return": "customer note",
    "return_line": "title",
    "return_step": "note",
    "order_note": "text",
    "delivery_zone": "title",
    "tax_rate": "name",
    "order_filter": "name",
    "api_key": "name",
    "member_address": "name",
    "blocked_person": "name",
    "moderation_decision": "words",
    "refund": "note",
    "post_media": "alt",
}
WITHIN_JSON = (
    *(("sales_order", "contact", field) for field in ("name", "address", "city")),
    ("promotion", "rule", "name"),
)
SHOWN_AS_TEXT = "title, option, script, style, svg"
"""What has no direction of its own, or none that HTML could give it."""


async def _write_from_the_right(db: Database) -> set[str]:
    """Returns the columns in which something was written."""
    written = set()
    async with db.transaction() as conn:
        for table, columns in FREE_TEXT.items():
            for column in columns.split():
                sql = f"UPDATE {table} SET {column} = $1 || ' ' || {column} WHERE {column} <> ''"
                if (await conn.execute(sql, WRITTEN)) != "UPDATE 0":
                    written.add(f"{table}.{column}")
        for table, column, field in WITHIN_JSON:
            value = f"to_jsonb($1 || ' ' || ({column} ->> $2))"
            await conn.execute(
                f"UPDATE {table} SET {column} = jsonb_set({column}, ARRAY[$2], {value}) WHERE {column} ->> $2 <> ''",
                WRITTEN,
                field,
            )
    return written


def undirected(page: str) -> list[str]:
    """Elements whose own text begins with what was written, and which nothing below the body gives its direction. A
    sentence of ours that names somebody has the page's."""
    left = parsed(page)
    for node in left.css(SHOWN_AS_TEXT):
        node.decompose()
    wrong = []
    for node in left.css("body *"):
        values = (node.attributes.get("value") or "") if node.tag == "input" else ""
        if not ((node.text(deep=False) or "").strip() + values).startswith(WRITTEN):
            continue
        at = node
        while at is not None and at.tag != "body" and at.attributes.get("dir") is None and at.tag != "bdi":
            at = at.parent
        if at is None or at.tag == "body":
            wrong.append(f"<{node.tag} {node.attributes}> {words(node)[:60]}")
    return wrong


def torn_paragraphs(page: str) -> bool:
    """A paragraph holds no form, list or block: the browser ends it there, and lays out what follows by itself."""
    return page.count("<p>") + page.count("<p ") != len(parsed(page).css("p"))


async def _more_words(siege: Siege, db: Database, town: Town) -> None:
    """The person also becomes a member, who buys, writes to the store, follows and saves; staff leave their notes."""
    person, merchant, member = (
        siege.person,
        town.market.merchant,
        {"email": "ann@example.net", "password": "long-enough"},
    )
    await join(person, member | {"name": "Ann"})
    await put_into_bag(person, town.market.red)
    await put_into_bag(person, town.market.tea)
    async with db.transaction() as conn:
        siege.things["cart_id"] = str(await conn.fetchval("SELECT id FROM cart ORDER BY id DESC LIMIT 1"))
        await save_quick_reply(conn, merchant, QuickReply(new_id(), "Size", "It is small."))
        note = OrderNote(new_id(), now(), "bo@example.org", "Call first.")
        await add_note(conn, merchant, UUID(siege.things["order_id"]), note)
        await save_filter(conn, merchant, "Large", OrderFilter(words="x"))
        await conn.execute("UPDATE sales_order SET member_id = (SELECT max(id::text)::uuid FROM member)")
    await person.post("/follow", {"account": siege.things["account"]})
    await person.post(f"/saved/save/post/{siege.things['post_id']}")
    await person.post(f"/post/{siege.things['post_id']}/comments", {"words": "Nice", "name": "Ann"})
    await person.post("/me/messages/liuyun", {"body": "Is it warm?", "key": str(new_id())})


async def test_every_page_shows_what_people_wrote_in_its_own_direction(siege: Siege, db: Database, town: Town):
    await _more_words(siege, db, town)
    await _write_from_the_right(db)
    wrong, torn, shown = {}, [], 0
    for door in doors("GET"):
        if door.path.startswith(("/api/", "/static", "/files")):
            continue
        answer = await siege.ask(door, siege.url(door), "a page")
        if "text/html" in answer.headers.get("content-type", ""):
            shown += WRITTEN in answer.text
            if elements := undirected(answer.text):
                wrong[str(door)] = elements
            if torn_paragraphs(answer.text):
                torn.append(str(door))
    assert wrong == {}
    assert torn == []
    assert shown > 50

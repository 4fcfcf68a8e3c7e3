"""The accounts that a store publishes under, and which of its staff act for each."""

import pytest

from tests.channels.console.console_site import ConsoleSite, errors, form, picture
from tests.html import texts, values
from unwall.people.values import Role

ACCOUNTS = "/console/posts/accounts"
BRAND = {"handle": "morning_dew", "name": "Morning Dew", "kind": "brand", "bio": "Green teas.", "acting": "everybody"}


async def made(site: ConsoleSite, **more: str) -> dict[str, str]:
    """A new account's form as it was sent."""
    fields = form((await site.get(f"{ACCOUNTS}/new")).text, 'name="handle"') | BRAND | more
    answer = await site.post(f"{ACCOUNTS}/new", fields)
    assert answer.status_code == 303
    return fields


async def as_role(site: ConsoleSite, role: Role) -> str:
    assert site.browser is not None
    await site.sign_in_as(site.browser, role)
    return str(site.staff[role])


async def test_a_store_makes_a_brand_and_publishes_as_it(site: ConsoleSite) -> None:
    # when the owner makes an account with a picture, and sends the form twice
    fields = form((await site.get(f"{ACCOUNTS}/new")).text, 'name="handle"') | BRAND
    for _ in range(2):
        upload = ("a.png", picture(), "image/png")
        assert (await site.post(f"{ACCOUNTS}/new", fields, files=[("new_avatar", upload)])).status_code == 303

    # then there is one account, in the list and in the composer's choice
    kept = "SELECT array_agg(kind || ' ' || name || ' ' || (avatar IS NOT NULL)) FROM account WHERE handle = $1"
    assert await site.value(kept, "morning_dew") == ["brand Morning Dew true"]
    assert "@morning_dew" in (await site.get(ACCOUNTS)).text
    post = form((await site.get("/console/posts/new")).text, 'id="composer"')
    post |= {"account_id": fields["id"], "title": "First flush", "do": "publish"}
    assert (await site.post("/console/posts/new", post)).status_code == 303

    # and the shop shows the post on the brand's own page, not on the store's
    page = (await site.get("/a/morning_dew")).text
    assert "First flush" in page
    assert "Green teas." in page
    store = await site.value("SELECT handle FROM account WHERE merchant_id = $1 ORDER BY id", site.market.merchant)
    assert "First flush" not in (await site.get(f"/a/{store}")).text


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"handle": ""}, "f-handle"),
        ({"handle": "rival"}, "f-handle"),
        ({"name": ""}, "f-name"),
        ({"name": "R\u0456val"}, "f-name"),
        ({"kind": "store"}, "f-kind"),
        ({"bio": "x" * 1001}, "f-bio"),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_is_made(
    site: ConsoleSite, fields: dict[str, str], wrong: str
) -> None:
    before = await site.value("SELECT count(*) FROM account")
    sent = form((await site.get(f"{ACCOUNTS}/new")).text, 'name="handle"') | BRAND | fields
    answer = await site.post(f"{ACCOUNTS}/new", sent)
    assert answer.status_code == 422
    assert list(errors(answer.text)) == [wrong]
    assert await site.value("SELECT count(*) FROM account") == before


async def test_only_chosen_staff_and_owners_act_for_an_account(site: ConsoleSite) -> None:
    # given two editors, one of them chosen for the brand, and a post of the brand
    editor = await as_role(site, Role.EDITOR)
    other = await site.value(
        "INSERT INTO staff (id, merchant_id, email, name, password_hash, role)"
        " VALUES (gen_random_uuid(), $1, 'wu@liu-yun.example', 'Wu', '', 'editor') RETURNING id",
        site.market.merchant,
    )
    await as_role(site, Role.OWNER)
    brand = (await made(site, acting="chosen", **{f"staff.{other}": "1"}))["id"]
    post = form((await site.get("/console/posts/new")).text, 'id="composer"')
    post |= {"account_id": brand, "title": "First flush", "do": "save"}
    assert (await site.post("/console/posts/new", post)).status_code == 303

    # when the other editor looks, the brand is none of theirs, and its posts neither
    assert await as_role(site, Role.EDITOR) == editor
    page = (await site.get("/console/posts/new")).text
    assert brand not in values(page, "select[name='account_id'] option", "value")
    assert "First flush" not in texts((await site.get("/console/posts")).text, "a.title")
    assert (await site.get(f"/console/posts/{post['id']}")).status_code == 404
    assert (await site.get(f"{ACCOUNTS}/{brand}")).status_code == 404
    assert (await site.post(f"{ACCOUNTS}/{brand}", BRAND | {"name": "Mine"})).status_code == 404
    assert (await site.post(f"/console/posts/{post['id']}/remove")).status_code == 404
    mine = form(page, 'id="composer"') | {"account_id": brand, "title": "Mine", "do": "publish"}
    refused = await site.post("/console/posts/new", mine)
    assert refused.status_code == 422
    assert "This is not one of your accounts." in refused.text
    assert await site.value("SELECT count(*) FROM post WHERE account_id = $1", brand) == 1

    # and when the owner chooses that editor, they act for it, and do not choose who does
    await as_role(site, Role.OWNER)
    fields = form((await site.get(f"{ACCOUNTS}/{brand}")).text, 'name="handle"')
    assert f"staff.{other}" in fields
    assert f"staff.{editor}" not in fields
    assert (await site.post(f"{ACCOUNTS}/{brand}", fields | {f"staff.{editor}": "1"})).status_code == 303
    await as_role(site, Role.EDITOR)
    page = (await site.get(f"{ACCOUNTS}/{brand}")).text
    assert values(page, "input[name='acting']", "value") == []
    sent = form(page, 'name="handle"') | {"bio": "Teas of spring.", "acting": "everybody"}
    assert (await site.post(f"{ACCOUNTS}/{brand}", sent)).status_code == 303
    row = await site.value("SELECT bio || ' ' || cardinality(staff_ids) FROM account WHERE id = $1", brand)
    assert row == "Teas of spring. 2"
    assert (await site.get(f"{ACCOUNTS}/new")).status_code == 403


async def test_staff_of_others_or_who_may_not_publish_are_not_chosen(site: ConsoleSite) -> None:
    stock = await as_role(site, Role.STOCK)
    await as_role(site, Role.OWNER)
    for staff in (stock, str(site.rival.staff)):
        sent = form((await site.get(f"{ACCOUNTS}/new")).text, 'name="handle"') | BRAND
        answer = await site.post(f"{ACCOUNTS}/new", sent | {"acting": "chosen", f"staff.{staff}": "1"})
        assert answer.status_code == 422
        assert "Choose among your staff who may publish." in answer.text
    assert await site.value("SELECT count(*) FROM account WHERE handle = 'morning_dew'") == 0


async def test_the_second_of_two_who_edit_an_account_is_told_what_the_first_changed(site: ConsoleSite) -> None:
    brand = (await made(site))["id"]
    first, second = [form((await site.get(f"{ACCOUNTS}/{brand}")).text, 'name="handle"') for _ in range(2)]
    assert (await site.post(f"{ACCOUNTS}/{brand}", first | {"bio": "Black teas."})).status_code == 303
    answer = await site.post(f"{ACCOUNTS}/{brand}", second | {"bio": "White teas."})
    assert answer.status_code == 409
    assert await site.value("SELECT bio FROM account WHERE id = $1", brand) == "Black teas."

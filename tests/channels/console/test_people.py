"""Staff and API keys."""

import pytest

from tests.channels.console.console_site import ConsoleSite, errors
from tests.html import fields, texts, the
from unwall.people.reads import api_key
from unwall.people.values import ApiScope, Role

PEOPLE = "/console/people"
NEW = {
    "do": "add",
    "name": "Zoe",
    "email": "Zoe@Example.org",
    "password": "a long password",
    "role": "editor",
    "node": "",
}


async def test_someone_is_added_and_can_sign_in(site: ConsoleSite) -> None:
    assert (await site.post(PEOPLE, NEW)).status_code == 303
    page = (await site.get(PEOPLE)).text
    assert "Zoe can sign in now." in page
    assert "zoe@example.org" in page
    site.browser.http.cookies.delete("uw_staff")
    answer = await site.post("/console/sign-in", {"email": "zoe@example.org", "password": "a long password"})
    assert answer.headers["location"] == "/console"


async def test_staff_of_a_place_belong_to_it(site: ConsoleSite) -> None:
    await site.post(PEOPLE, NEW | {"role": "node", "node": str(site.market.bund)})
    assert await site.value("SELECT node_id FROM staff WHERE name = 'Zoe'") == site.market.bund
    assert "Shanghai Bund" in (await site.get(PEOPLE)).text


@pytest.mark.parametrize(
    ("wrong", "field", "message"),
    [
        ({"name": " "}, "f-name", "Write a name of at most 100 characters."),
        ({"email": "zoe"}, "f-email", "Write an e-mail address such as you@example.com."),
        ({"email": "owner@liu-yun.example"}, "f-email", "Someone signs in with this address already."),
        ({"email": "eve@rival.example"}, "f-email", "Someone signs in with this address already."),
        ({"password": "short"}, "f-password", "Choose a password of 8 to 200 characters."),
        ({"role": "king"}, "f-role", "Choose a role."),
        ({"role": "node"}, "f-node", "Staff of a shop or warehouse need one; other roles have none."),
    ],
)
async def test_a_wrong_field_is_named_and_nobody_added(
    site: ConsoleSite, wrong: dict[str, str], field: str, message: str
) -> None:
    before = await site.counts()
    answer = await site.post(PEOPLE, NEW | wrong)
    assert answer.status_code == 422
    assert errors(answer.text) == {field: message}
    assert "a long password" not in answer.text
    assert await site.counts() == before


async def test_a_rivals_place_takes_nobody(site: ConsoleSite) -> None:
    before = await site.counts()
    answer = await site.post(PEOPLE, NEW | {"role": "node", "node": str(site.rival.node)})
    assert (answer.status_code, errors(answer.text)) == (422, {"f-node": "There is no such shop or warehouse."})
    assert await site.counts() == before


async def test_access_is_taken_and_given_back_by_undo(site: ConsoleSite) -> None:
    owner = site.browser
    await site.sign_in_as(owner, Role.EDITOR)
    await site.sign_in_as(owner, Role.OWNER)
    url = f"{PEOPLE}/{site.staff[Role.EDITOR]}/active"
    await site.post(url, {"active": "0"})
    undo = fields(the((await site.get(PEOPLE)).text, f"form[action='{url}'][data-undo]"))
    await site.sign_in_as(owner, Role.EDITOR)
    assert (await site.get("/console/posts")).status_code == 302
    await site.sign_in_as(owner, Role.OWNER)
    await site.post(url, undo)
    assert await site.value("SELECT active FROM staff WHERE id = $1", site.staff[Role.EDITOR])
    await site.sign_in_as(owner, Role.EDITOR)  # with the session from before, which has ended
    assert (await site.get("/console/posts")).status_code == 302


async def test_nobody_takes_away_their_own_access(site: ConsoleSite) -> None:
    own = site.staff[Role.OWNER]
    assert (await site.post(f"{PEOPLE}/{own}/active", {"active": "0"})).status_code == 422
    assert await site.value("SELECT active FROM staff WHERE id = $1", own)
    assert f"{own}/active" not in (await site.get(PEOPLE)).text


async def test_somebody_is_renamed_moved_and_given_another_role_and_it_can_be_undone(site: ConsoleSite) -> None:
    await site.sign_in_as(site.browser, Role.EDITOR)
    await site.sign_in_as(site.browser, Role.OWNER)
    editor = site.staff[Role.EDITOR]
    url, sql = f"{PEOPLE}/{editor}", "SELECT ROW(name, role, node_id)::text FROM staff WHERE id = $1"
    before = await site.value(sql, editor)
    assert url in (await site.get(PEOPLE)).text
    page = (await site.get(url)).text
    assert 'value="editor" selected' in page
    version = fields(the(page, f"form[action='{url}']"))["version"]
    moved = {"version": version, "name": "Mei ", "role": "node", "node": str(site.market.bund)}
    assert (await site.post(url, moved)).headers["location"] == PEOPLE
    assert await site.value(sql, editor) == f"(Mei,node,{site.market.bund})"
    await site.post(url, fields(the((await site.get(PEOPLE)).text, f"form[action='{url}'][data-undo]")))
    assert await site.value(sql, editor) == before


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        ({"name": " "}, {"f-name": "Write a name of at most 100 characters."}),
        ({"role": "king"}, {"f-role": "Choose a role."}),
        ({"role": "node"}, {"f-node": "Staff of a shop or warehouse need one; other roles have none."}),
        ({"role": "node", "node": "rival"}, {"f-node": "There is no such shop or warehouse."}),
    ],
)
async def test_a_wrong_change_is_named_and_nothing_changed(
    site: ConsoleSite, wrong: dict[str, str], found: dict[str, str]
) -> None:
    await site.sign_in_as(site.browser, Role.EDITOR)
    await site.sign_in_as(site.browser, Role.OWNER)
    if wrong.get("node"):
        wrong = wrong | {"node": str(site.rival.node)}
    sql = "SELECT ROW(name, role, node_id)::text FROM staff WHERE id = $1"
    before = await site.value(sql, site.staff[Role.EDITOR])
    url = f"{PEOPLE}/{site.staff[Role.EDITOR]}"
    version = fields(the((await site.get(url)).text, f"form[action='{url}']"))["version"]
    answer = await site.post(url, {"version": version, "name": "Mei", "role": "editor", "node": ""} | wrong)
    assert (answer.status_code, errors(answer.text)) == (422, found)
    assert await site.value(sql, site.staff[Role.EDITOR]) == before
    stranger = f"{PEOPLE}/{site.rival.staff}"
    assert (await site.post(stranger, {"name": "Mei", "role": "editor"})).status_code == 404


async def test_an_owner_changes_their_name_and_not_their_role(site: ConsoleSite) -> None:
    own = site.staff[Role.OWNER]
    url = f"{PEOPLE}/{own}"
    version = fields(the((await site.get(url)).text, f"form[action='{url}']"))["version"]
    answer = await site.post(url, {"name": "Mei", "role": "editor", "version": version})
    assert answer.status_code == 422
    assert "You cannot change your own role; another owner can." in answer.text
    saved = {"name": "Mei", "role": "owner", "version": version}
    assert (await site.post(url, saved)).status_code == 303
    assert await site.value("SELECT name FROM staff WHERE id = $1", own) == "Mei"
    late = await site.post(url, saved | {"name": "Lin"})
    assert (late.status_code, "Somebody else saved this while you were writing" in late.text) == (409, True)
    assert await site.value("SELECT name FROM staff WHERE id = $1", own) == "Mei"


async def test_a_keys_secret_is_shown_once_and_opens_until_it_is_revoked(site: ConsoleSite) -> None:
    body = {"do": "key", "key_name": "Till", "scope.stock:read": "1", "scope.orders:write": "1"}
    answer = await site.post(f"{PEOPLE}/keys", body)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    [secret] = [code for code in texts(answer.text, "p code") if code.startswith("uw_")]
    async with site.db.read() as conn:
        key = await api_key(conn, secret)
    assert key
    assert (key.name, key.scopes) == ("Till", {ApiScope.STOCK_READ, ApiScope.ORDERS_WRITE})
    page = (await site.get(PEOPLE)).text
    assert secret not in page
    assert "Till" in page
    for _ in range(2):
        assert (await site.post(f"{PEOPLE}/keys/{key.id}/revoke")).status_code == 303
    async with site.db.read() as conn:
        assert await api_key(conn, secret) is None
    page = (await site.get(PEOPLE)).text
    assert "revoked" in page
    restore = f"{PEOPLE}/keys/{key.id}/restore"
    assert the(page, f"form[action='{restore}'][data-undo]")
    assert (await site.post(restore)).status_code == 303
    async with site.db.read() as conn:
        assert await api_key(conn, secret) == key


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"key_name": "", "scope.stock:read": "1"}, {"f-key_name": "Name the key, at most 100 characters."}),
        ({"key_name": "Till"}, {"scopes": "Choose at least one scope."}),
        ({"key_name": "Till", "scope.everything": "1"}, {"scopes": "Choose at least one scope."}),
    ],
)
async def test_a_wrong_key_is_not_made(site: ConsoleSite, body: dict[str, str], found: dict[str, str]) -> None:
    before = await site.counts()
    answer = await site.post(f"{PEOPLE}/keys", {"do": "key"} | body)
    assert answer.status_code == 422
    assert errors(answer.text) == found
    assert await site.counts() == before

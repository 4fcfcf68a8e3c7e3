"""Who may tag a merchant's products, as the console sets it."""

import pytest

from tests.channels.console.console_site import ConsoleSite, errors, form
from tests.html import values
from unwall.people.values import Role

TAGGING = "/console/posts/tagging"


async def chosen(site: ConsoleSite) -> str:
    [found] = values((await site.get(TAGGING)).text, "main option[selected]", "value")
    return found


async def stored(site: ConsoleSite) -> str:
    return await site.value("SELECT tagging FROM merchant WHERE id = $1", site.market.merchant)


async def test_collaborators_may_tag_unless_the_merchant_says_otherwise(site: ConsoleSite) -> None:
    assert await chosen(site) == await stored(site) == "collaborators"
    for tagging in ("everybody", "nobody"):
        fields = form((await site.get(TAGGING)).text, 'name="tagging"')
        assert (await site.post(TAGGING, fields | {"tagging": tagging})).status_code == 303
        assert await chosen(site) == await stored(site) == tagging
    assert await site.value("SELECT tagging FROM merchant WHERE slug = 'rival'") == "collaborators"


async def test_a_wrong_answer_is_named_and_changes_nothing(site: ConsoleSite) -> None:
    answer = await site.post(TAGGING, {"tagging": "some"})
    assert answer.status_code == 422
    assert errors(answer.text) == {"f-tagging": "Choose one of the answers offered."}
    assert await stored(site) == "collaborators"


async def test_collaborators_are_listed_and_removed(site: ConsoleSite) -> None:
    for _ in range(2):
        assert (await site.post(f"{TAGGING}/collaborators", {"handle": " @Rival "})).status_code == 303
    page = (await site.get(TAGGING)).text
    assert "@rival" in page
    count = "SELECT count(*) FROM tagging_collaborator WHERE merchant_id = $1"
    assert await site.value(count, site.market.merchant) == 1
    [remove] = values(page, f"form[action^='{TAGGING}/collaborators/'][action$='/remove']", "action")
    assert (await site.post(remove)).status_code == 303
    assert await site.value(count, site.market.merchant) == 0
    assert "@rival" not in (await site.get(TAGGING)).text
    assert (await site.post(remove)).status_code == 404


@pytest.mark.parametrize("handle", ["", "nobody", "<script>"])
async def test_an_account_that_is_not_there_is_named(site: ConsoleSite, handle: str) -> None:
    answer = await site.post(f"{TAGGING}/collaborators", {"handle": handle})
    assert answer.status_code == 422
    assert errors(answer.text) == {"f-handle": "There is no such account."}
    assert await site.value("SELECT count(*) FROM tagging_collaborator") == 0


async def test_a_role_that_does_not_publish_removes_nobody(site: ConsoleSite) -> None:
    await site.post(f"{TAGGING}/collaborators", {"handle": "rival"})
    account = await site.value("SELECT account_id FROM tagging_collaborator")
    assert site.browser is not None
    await site.sign_in_as(site.browser, Role.ANALYST)
    assert (await site.post(f"{TAGGING}/collaborators/{account}/remove")).status_code == 403
    assert await site.value("SELECT count(*) FROM tagging_collaborator") == 1

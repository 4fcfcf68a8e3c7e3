"""Who may tag a merchant's products, as the console sets it."""

import re

import pytest

from tests.channels.console.bureau import Bureau, errors
from unwall.people.values import Role

TAGGING = "/console/posts/tagging"


async def chosen(bureau: Bureau) -> str:
    found = re.search(r'<option value="(\w+)" selected', (await bureau.get(TAGGING)).text)
    assert found is not None
    return found[1]


async def stored(bureau: Bureau) -> str:
    return await bureau.value("SELECT tagging FROM merchant WHERE id = $1", bureau.market.merchant)


async def test_collaborators_may_tag_unless_the_merchant_says_otherwise(bureau: Bureau) -> None:
    assert await chosen(bureau) == await stored(bureau) == "collaborators"
    for tagging in ("everybody", "nobody"):
        assert (await bureau.post(TAGGING, {"tagging": tagging})).status_code == 303
        assert await chosen(bureau) == await stored(bureau) == tagging
    assert await bureau.value("SELECT tagging FROM merchant WHERE slug = 'rival'") == "collaborators"


async def test_a_wrong_answer_is_named_and_changes_nothing(bureau: Bureau) -> None:
    answer = await bureau.post(TAGGING, {"tagging": "some"})
    assert answer.status_code == 422
    assert errors(answer.text) == {"f-tagging": "Choose one of the answers offered."}
    assert await stored(bureau) == "collaborators"


async def test_collaborators_are_listed_and_removed(bureau: Bureau) -> None:
    for _ in range(2):
        assert (await bureau.post(f"{TAGGING}/collaborators", {"handle": " @Rival "})).status_code == 303
    page = (await bureau.get(TAGGING)).text
    assert "@rival" in page
    count = "SELECT count(*) FROM tagging_collaborator WHERE merchant_id = $1"
    assert await bureau.value(count, bureau.market.merchant) == 1
    remove = re.search(rf'action="({TAGGING}/collaborators/[^"]+/remove)"', page)
    assert remove is not None
    assert (await bureau.post(remove[1])).status_code == 303
    assert await bureau.value(count, bureau.market.merchant) == 0
    assert "@rival" not in (await bureau.get(TAGGING)).text
    assert (await bureau.post(remove[1])).status_code == 404


@pytest.mark.parametrize("handle", ["", "nobody", "<script>"])
async def test_an_account_that_is_not_there_is_named(bureau: Bureau, handle: str) -> None:
    answer = await bureau.post(f"{TAGGING}/collaborators", {"handle": handle})
    assert answer.status_code == 422
    assert errors(answer.text) == {"f-handle": "There is no such account."}
    assert await bureau.value("SELECT count(*) FROM tagging_collaborator") == 0


async def test_a_role_that_does_not_publish_removes_nobody(bureau: Bureau) -> None:
    await bureau.post(f"{TAGGING}/collaborators", {"handle": "rival"})
    account = await bureau.value("SELECT account_id FROM tagging_collaborator")
    assert bureau.browser is not None
    await bureau.sit(bureau.browser, Role.ANALYST)
    assert (await bureau.post(f"{TAGGING}/collaborators/{account}/remove")).status_code == 403
    assert await bureau.value("SELECT count(*) FROM tagging_collaborator") == 1

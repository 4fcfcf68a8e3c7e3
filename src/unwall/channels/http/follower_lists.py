"""Who follows an account, as its owner sees it: those who publish are named, the others counted."""

from collections.abc import Iterable

import msgspec

from unwall.channels.http.formatters import formatters
from unwall.channels.http.pictures import thumbnail_url
from unwall.content.accounts.values import Account
from unwall.kernel.text import ngettext


class FollowerView(msgspec.Struct, frozen=True):
    """For the macro `followers`."""

    url: str
    name: str
    handle: str
    avatar: str | None
    followers: str
    """of the follower"""


def followers_words(followers: int, lang: str) -> str:
    number = formatters(lang).number(followers)
    return ngettext(lang, "{number} follower", "{number} followers", followers, number=number)


def follower_views(accounts: Iterable[Account], lang: str) -> list[FollowerView]:
    return [
        FollowerView(
            url=f"/a/{one.handle}",
            name=one.name,
            handle=one.handle,
            avatar=thumbnail_url(one.avatar),
            followers=followers_words(one.followers, lang),
        )
        for one in accounts
    ]

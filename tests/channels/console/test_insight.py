from unwall.channels.console.insight.reports import KINDS
from unwall.journal.values import EventKind


def test_every_kind_of_event_has_words():
    assert set(KINDS) == set(EventKind)

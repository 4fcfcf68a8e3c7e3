"""The embedded PostgreSQL that cannot start."""

from pathlib import Path

import pytest

from unwall.kernel import embedded
from unwall.kernel.errors import Invalid


def test_a_server_that_does_not_start_is_given_up_soon_and_says_where_to_look(tmp_path: Path, monkeypatch):
    # given a data directory with nothing in it but its version
    (tmp_path / "PG_VERSION").write_text("18")
    (tmp_path / "postgresql.conf").write_text("")
    monkeypatch.setattr(embedded, "REFUSAL_SECONDS", 0)

    # when it is started, then it is refused by name
    with pytest.raises(Invalid) as caught:
        embedded.start(tmp_path)
    assert caught.value.by_field() == {
        "UNWALL_DATA": f"The embedded PostgreSQL does not start; the end of {tmp_path / 'log'} says why."
    }

"""What a running Unwall is made of, as the channels see it. `app.py` puts it together."""

from dataclasses import dataclass

from unwall.commerce.orders.checkout import Checkout
from unwall.commerce.stock.desk import Desk
from unwall.insight.attribution.owners import Owners
from unwall.insight.recommend.recommender import Recommender
from unwall.journal.ingest import Ingest
from unwall.kernel.database import Database
from unwall.kernel.files import Files
from unwall.kernel.notices import Notices
from unwall.settings import Settings


@dataclass(frozen=True)
class House:
    settings: Settings
    secret: bytes
    db: Database
    files: Files
    ingest: Ingest
    owners: Owners
    desk: Desk
    checkout: Checkout
    recommender: Recommender
    tasks: Notices
    """News of what nodes have to do, by node id."""

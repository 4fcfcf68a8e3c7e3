"""What a new store still has to do."""

from tests.catalogue.drafts import a_draft
from tests.commerce.market import node_draft
from tests.content.helpers import published
from unwall.catalogue.actions import save_product
from unwall.catalogue.merchant_reads import draft as stored_draft
from unwall.catalogue.values import ProductStatus
from unwall.commerce.pricing.actions import save_tax_choices
from unwall.commerce.pricing.tax_rules import TaxChoices
from unwall.commerce.pricing.values import TaxSettings
from unwall.commerce.sourcing.actions import save_delivery_prices
from unwall.commerce.sourcing.values import DeliveryMethod, DeliveryPrice
from unwall.commerce.stock import actions as stock
from unwall.commerce.stock.values import Cause, Reason, VariantQuantity
from unwall.content.accounts.actions import save_account
from unwall.content.accounts.values import AccountDraft, Actor, Owner
from unwall.kernel.database import Database
from unwall.kernel.ids import new_id
from unwall.people import actions as people
from unwall.people.values import Role, StaffDraft
from unwall.usecases.store_setup import NEEDED, SetupStep, steps_done


async def test_each_step_is_done_when_the_store_has_it_and_open_again_when_not(db: Database):
    async with db.transaction() as conn:
        merchant = await people.add_merchant(conn, "new-shop", "New shop", "CNY", "Asia/Shanghai")
        other = await people.add_merchant(conn, "other-shop", "Other shop", "CNY", "Asia/Shanghai")
        await people.add_staff(conn, merchant, StaffDraft("ann@e.org", "Ann", Role.OWNER), "")
        assert await steps_done(conn, merchant) == frozenset()

        hidden = a_draft(status=ProductStatus.DRAFT)
        product = await save_product(conn, merchant, hidden)
        assert await steps_done(conn, merchant) == frozenset()
        kept = await stored_draft(conn, merchant, product)
        assert kept is not None
        await save_product(conn, merchant, a_draft(id=product, variants=kept.variants))
        assert await steps_done(conn, merchant) == {SetupStep.PRODUCTS}

        node = await stock.save_node(conn, merchant, node_draft("HZ01", "Hangzhou West Lake", (30.2590, 120.1450)))
        assert await steps_done(conn, merchant) == {SetupStep.PRODUCTS, SetupStep.NODE}
        variant = kept.variants[0].id
        assert variant is not None
        await stock.receive(
            conn, merchant, node, [VariantQuantity(variant, 2)], Cause(new_id(), Reason.RECEIPT, "staff:ann@e.org")
        )
        assert await steps_done(conn, merchant) == {SetupStep.PRODUCTS, SetupStep.NODE, SetupStep.STOCK}

        await save_delivery_prices(conn, merchant, [DeliveryPrice(DeliveryMethod.SHIP, fee=500)])
        await save_tax_choices(conn, merchant, TaxChoices(TaxSettings("CN")))
        assert NEEDED - await steps_done(conn, merchant) == {SetupStep.POST}
        ann = Actor("staff:ann@e.org", Owner(merchant_id=merchant))
        await published(conn, ann, await save_account(conn, ann, AccountDraft(handle="new_shop", name="New shop")))
        assert await steps_done(conn, merchant) == NEEDED
        await people.add_staff(conn, merchant, StaffDraft("bo@e.org", "Bo", Role.EDITOR), "")
        assert await steps_done(conn, merchant) == frozenset(SetupStep)

        cause = Cause(new_id(), Reason.ADJUSTMENT, "staff:ann@e.org")
        await stock.adjust(conn, merchant, node, [VariantQuantity(variant, -2)], cause)
        assert frozenset(SetupStep) - await steps_done(conn, merchant) == {SetupStep.STOCK}
        assert await steps_done(conn, other) == frozenset(), "nothing of it is another store's"

"""Which tax a sale carries, and how a shown price splits: tables computed by hand, and random sums."""

import random
from dataclasses import dataclass, field
from fractions import Fraction

import pytest

from domain.base import clock, money
from domain.tax import countries, treatment
from domain.tax.treatment import Treatment, TreatmentKind
from models import TaxMode, VatState

OWN, REVERSE, NONE, STRIPE = (
    TreatmentKind.OWN, TreatmentKind.REVERSE_CHARGE, TreatmentKind.NONE, TreatmentKind.STRIPE,
)  # fmt: skip


@dataclass
class Shop:
    """The settings of a shop in Germany that has rates of its own."""

    tax_mode: TaxMode = TaxMode.OWN
    tax_rates: dict[str, int] = field(default_factory=lambda: {"DE": 1900, "NL": 2100, "HU": 2700, "CH": 810})
    prices_include_tax: bool = True
    tax_seller_rate: bool = False
    tax_sentence: str = "No VAT under § 19 UStG."
    seller_country: str = "DE"
    seller_vat_id: str = "DE136695976"
    currency: str = "eur"


@dataclass
class Buyer:
    """A buyer's particulars."""

    country: str = ""
    vat_id: str = ""
    vat_state: VatState = VatState.NONE


def of(details: Buyer | None, shop: Shop) -> Treatment:
    return treatment.of(details, shop, clock.now())


DUTCH = Buyer("NL", "NL004495445B01", VatState.CONFIRMED)
GERMAN = Buyer("DE", "DE136695976", VatState.CONFIRMED)
GREEK = Buyer("GR", "EL094259216", VatState.CONFIRMED)


@pytest.mark.parametrize(
    ("buyer", "shop", "kind", "rate", "country"),
    [
        (None, Shop(), OWN, 1900, "DE"),
        (Buyer(), Shop(), OWN, 1900, "DE"),
        (Buyer("NL"), Shop(), OWN, 2100, "NL"),
        (Buyer("HU"), Shop(), OWN, 2700, "HU"),
        (Buyer("HU"), Shop(tax_seller_rate=True), OWN, 1900, "HU"),
        (Buyer("FR"), Shop(), OWN, 1900, "FR"),  # a member state without a rate is not untaxed
        (Buyer("US"), Shop(), OWN, 0, "US"),
        (Buyer("US"), Shop(tax_seller_rate=True), OWN, 0, "US"),
        (Buyer("CH"), Shop(), OWN, 810, "CH"),
        (DUTCH, Shop(), REVERSE, 0, "NL"),
        (GREEK, Shop(), REVERSE, 0, "GR"),
        (GERMAN, Shop(), OWN, 1900, "DE"),
        (GERMAN, Shop(seller_country="NL", seller_vat_id="NL004495445B01"), REVERSE, 0, "DE"),
        (DUTCH, Shop(seller_vat_id=""), OWN, 2100, "NL"),
        (Buyer("BE", DUTCH.vat_id, VatState.CONFIRMED), Shop(), OWN, 1900, "BE"),
        *((Buyer("NL", DUTCH.vat_id, state), Shop(), OWN, 2100, "NL")
          for state in (VatState.PENDING, VatState.UNCONFIRMED, VatState.UNAVAILABLE)),
        (DUTCH, Shop(tax_mode=TaxMode.NONE), NONE, 0, "NL"),
        (DUTCH, Shop(tax_mode=TaxMode.STRIPE), STRIPE, 0, "NL"),
        (Buyer("US"), Shop(seller_country="CH"), OWN, 0, "US"),
        (None, Shop(seller_country="CH"), OWN, 810, "CH"),
        (Buyer("FR"), Shop(seller_country="CH"), OWN, 0, "FR"),
    ],
)  # fmt: skip
def test_who_pays_which_rate(
    buyer: Buyer | None, shop: Shop, kind: TreatmentKind, rate: int, country: str
) -> None:
    found = of(buyer, shop)
    assert (found.kind, found.rate_bp, found.country) == (kind, rate, country)


def test_documents_get_their_sentence() -> None:
    assert of(None, Shop(tax_mode=TaxMode.NONE)).sentence == "No VAT under § 19 UStG."
    assert of(DUTCH, Shop()).sentence == "Reverse charge"
    assert of(None, Shop()).sentence == ""


# By hand: tax in a price = price × rate ÷ (100 + rate), on top of it = price × rate ÷ 100, half up.
@pytest.mark.parametrize(
    ("currency", "shown", "rate", "inside", "on_top"),
    [
        ("eur", 1900, 1900, 303, 361),  # 303.36, 361
        ("eur", 11900, 1900, 1900, 2261),
        ("eur", 1, 1900, 0, 0),  # 0.16, 0.19
        ("eur", 3, 1900, 0, 1),  # 0.479, 0.57
        ("eur", 50, 2100, 9, 11),  # 8.678, 10.5
        ("eur", 150, 700, 10, 11),  # 9.813, 10.5
        ("eur", 1050, 500, 50, 53),  # 50, 52.5
        ("eur", 4999, 2700, 1063, 1350),  # 1062.779, 1349.73
        ("eur", 999_999, 550, 52_133, 55_000),  # 52132.65, 54999.945
        ("eur", 1900, 0, 0, 0),
        ("jpy", 2505, 1000, 228, 251),  # 227.73, 250.5
        ("jpy", 550, 1000, 50, 55),
        ("jpy", 5, 1000, 0, 1),  # 0.4545, 0.5
        ("kwd", 25_050, 500, 1193, 1250),  # 1192.857; on top 1252.5, charged in tens
        ("kwd", 1100, 1000, 100, 110),
        ("kwd", 100, 500, 5, 10),  # 4.76; on top 5, half of ten
        ("isk", 190_000, 2400, 36_774, 45_600),  # 36774.19; 456 krónur
        ("isk", 100, 2400, 19, 0),  # 19.35; on top 0.24 krónur
    ],
)
def test_splitting_by_hand(currency: str, shown: int, rate: int, inside: int, on_top: int) -> None:
    shop = Shop(tax_rates={"DE": rate}, currency=currency)
    assert of(None, shop).split(shown) == (shown - inside, inside)
    shop.prices_include_tax = False
    assert of(None, shop).split(shown) == (shown, on_top)


@pytest.mark.parametrize(
    ("currency", "shown", "net"),
    [
        ("eur", 1900, 1570),  # 21 % of the Netherlands: 329.75 are taken out
        ("eur", 12100, 10000),
        ("jpy", 2420, 2000),
        ("kwd", 25_050, 20_700),  # 4347.5 are in it, charged in tens: 4350
    ],
)
def test_reverse_charge_takes_the_buyers_tax_out(currency: str, shown: int, net: int) -> None:
    assert of(DUTCH, Shop(currency=currency)).split(shown) == (net, 0)
    assert of(DUTCH, Shop(currency=currency, prices_include_tax=False)).split(shown) == (shown, 0)


def test_reverse_charge_takes_out_what_consumers_there_pay() -> None:
    assert of(DUTCH, Shop(tax_seller_rate=True)).split(11900) == (10000, 0)


def test_without_tax_of_the_shop_a_price_stays_whole() -> None:
    for mode in (TaxMode.NONE, TaxMode.STRIPE):
        assert of(None, Shop(tax_mode=mode)).split(1999) == (1999, 0)


def test_random_sums_add_up_and_are_right_to_half_a_unit() -> None:
    chance = random.Random(12)
    for _ in range(20_000):
        currency = chance.choice(["eur", "usd", "jpy", "kwd", "isk", "huf"])
        step, rate = money.step(currency), chance.choice([0, 1, 250, 810, 1900, 2550, 2700, 9999])
        shown = chance.randrange(0, 10**9 // step) * step
        shop = Shop(tax_rates={"DE": rate, "NL": rate}, currency=currency)
        net, tax = of(None, shop).split(shown)
        assert net + tax == shown
        assert abs(tax - Fraction(shown * rate, 10_000 + rate)) <= Fraction(1, 2)
        reverse, nothing = of(DUTCH, shop).split(shown)
        assert nothing == 0
        assert reverse % step == 0
        assert abs(shown - reverse - Fraction(shown * rate, 10_000 + rate)) <= Fraction(step, 2)
        shop.prices_include_tax = False
        net, tax = of(None, shop).split(shown)
        assert net == shown
        assert (net + tax) % step == 0
        assert -Fraction(step, 2) < tax - Fraction(shown * rate, 10_000) <= Fraction(step, 2)


def test_countries_have_names_and_prefixes() -> None:
    names = countries.names()
    assert len(countries.EUROPEAN_UNION) == 27
    assert names.keys() >= countries.EUROPEAN_UNION
    assert not {"EU", "ZZ", "001"} & names.keys()
    assert countries.name("DE") == "Germany"
    assert countries.of_vat_id("EL094259216") == "GR"
    assert countries.of_vat_id("GB123456789") == ""
    assert countries.of_vat_id("") == ""

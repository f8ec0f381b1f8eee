"""Countries in which Stripe opens Express accounts, so that others are said before onboarding."""

from domain.tax import countries

LISTED = """
    AE AT AU BE BG BR CA CH CY CZ DE DK EE ES FI FR GB GI GR HK HR HU IE IN IT JP LI LT LU LV MT MX MY NL NO
    NZ PL PT RO SE SG SI SK TH US
"""
REACHED = frozenset(LISTED.split())


def objection(country: str) -> str:
    """Say why no account can be opened in `country` (ISO code, "" for none chosen); "" if it can."""
    if country not in countries.names():
        return "Choose the country in which you are taxed."
    if country not in REACHED:
        name = countries.name(country)
        return (
            f"Stripe can’t pay anybody in {name} yet. What you earn stays in your balance here; write to us."
        )
    return ""

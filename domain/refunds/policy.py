"""The refund policy: rules over the facts of a request, each of which pays at once, asks a person or refuses.

Everything here is a pure function of the settings and of the facts. Of the rules that apply, the strictest
decides, and the first of equals; where none applies, the outcome of `otherwise`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from domain.base.counts import plural
from domain.platform.settings import ShopSettings

LEAST_DAYS = 14  # where buyers have the EU's right of withdrawal


class Outcome(StrEnum):
    """The outcome of a rule for a request."""

    AT_ONCE = "at_once"
    PERSON = "person"
    REFUSE = "refuse"


class Rule(StrEnum):
    """The rules, in the order in which they are looked at."""

    LATE = "late"
    FINISHED = "finished"
    USED = "used"
    OFTEN = "often"
    GIFT_OPENED = "gift_opened"
    OTHERWISE = "otherwise"


@dataclass(frozen=True)
class Facts:
    """The facts of one line when its buyer asks for a refund.

    `days` are the whole days since it was paid, `days_allowed` the refund period that was promised then.
    `refunds_before` counts lines that the policy refunded to the buyer in the last year. `gift_opened`: the
    receiver of a gift has opened it, about whom the buyer learns no more.
    """

    days: int
    days_allowed: int
    share_percent: int
    finished: bool
    refunds_before: int
    gift_opened: bool = False


@dataclass(frozen=True)
class Rules:
    """The policy as an admin has set it: outcomes by rule, and from which values the rules apply."""

    outcomes: Mapping[Rule, Outcome]
    used_percent: int
    often: int


class Ruling(NamedTuple):
    """A ruling of the policy: the outcome, the rule that decided, and both in a sentence for the buyer."""

    outcome: Outcome
    rule: Rule
    sentence: str


STRICTNESS = (Outcome.AT_ONCE, Outcome.PERSON, Outcome.REFUSE)
ENDINGS = {
    Outcome.AT_ONCE: ".",
    Outcome.PERSON: ", so a person decides.",
    Outcome.REFUSE: ", so we don’t refund it.",
}


def of_shop(site: ShopSettings) -> Rules:
    """Read the policy from the settings. A gift that was opened always needs a person."""
    chosen = {Rule(name): Outcome(outcome) for name, outcome in site.refund_outcomes.items()}
    return Rules({**chosen, Rule.GIFT_OPENED: Outcome.PERSON}, site.refund_used_percent, site.refund_often)


def decide(facts: Facts, rules: Rules) -> Ruling:
    """Decide about one line by the strictest rule that applies to its facts."""
    applying = [rule for rule in Rule if rule != Rule.OTHERWISE and _applies(rule, facts, rules)]
    strict = [rule for rule in applying if rules.outcomes[rule] != Outcome.AT_ONCE]
    rule = max(strict, key=lambda one: STRICTNESS.index(rules.outcomes[one]), default=Rule.OTHERWISE)
    outcome = rules.outcomes[rule]
    return Ruling(outcome, rule, _because(rule, facts) + _ending(rule, outcome))


def _applies(rule: Rule, facts: Facts, rules: Rules) -> bool:
    match rule:
        case Rule.LATE:
            return facts.days >= facts.days_allowed
        case Rule.FINISHED:
            return facts.finished
        case Rule.USED:
            return facts.share_percent > rules.used_percent
        case Rule.OFTEN:
            return facts.refunds_before >= rules.often
        case Rule.GIFT_OPENED:
            return facts.gift_opened
        case _:
            return True


def _because(rule: Rule, facts: Facts) -> str:
    period = plural(facts.days_allowed, "day")
    match rule:
        case Rule.LATE:
            over = f"The refund period of {period} is over"
            return over if facts.days_allowed else "There’s no refund period here"
        case Rule.FINISHED:
            return "You’ve finished it"
        case Rule.USED:
            return f"You’ve used {facts.share_percent}% of it"
        case Rule.OFTEN:
            return f"You’ve had {plural(facts.refunds_before, 'refund')} in the last 12 months"
        case Rule.GIFT_OPENED:
            return "The person you gave it to has opened it"
        case _ if facts.days >= facts.days_allowed:
            return "You asked for a refund"
        case _:
            return f"You asked within {period}"


def _ending(rule: Rule, outcome: Outcome) -> str:
    if rule != Rule.OTHERWISE or outcome == Outcome.AT_ONCE:
        return ENDINGS[outcome]
    return ". A person decides." if outcome == Outcome.PERSON else ", but we don’t refund this."

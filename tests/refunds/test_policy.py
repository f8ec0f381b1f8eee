"""The refund policy over facts: the strictest rule that applies decides, and says so."""

from typing import Any

import pytest

from domain.refunds.policy import Facts, Outcome, Rule, Rules, decide

AT_ONCE, PERSON, REFUSE = Outcome
USUAL = {
    Rule.LATE: REFUSE, Rule.USED: PERSON, Rule.FINISHED: REFUSE, Rule.OFTEN: PERSON,
    Rule.GIFT_OPENED: PERSON, Rule.OTHERWISE: AT_ONCE,
}  # fmt: skip
FRESH = {"days": 3, "days_allowed": 30, "share_percent": 4, "finished": False, "refunds_before": 0}


def ruled(outcomes: dict[Rule, Outcome], **changed: Any) -> tuple[Outcome, Rule, str]:
    return tuple(decide(Facts(**{**FRESH, **changed}), Rules({**USUAL, **outcomes}, 30, 3)))


@pytest.mark.parametrize(
    ("changed", "outcome", "rule", "said"),
    [
        ({}, AT_ONCE, "otherwise", "You asked within 30 days."),
        ({"days": 29}, AT_ONCE, "otherwise", "You asked within 30 days."),
        ({"days": 30}, REFUSE, "late", "The refund period of 30 days is over, so we don’t refund it."),
        ({"days_allowed": 0}, REFUSE, "late", "There’s no refund period here, so we don’t refund it."),
        ({"share_percent": 30}, AT_ONCE, "otherwise", "You asked within 30 days."),
        ({"share_percent": 31}, PERSON, "used", "You’ve used 31% of it, so a person decides."),
        ({"finished": True}, REFUSE, "finished", "You’ve finished it, so we don’t refund it."),
        (
            {"finished": True, "share_percent": 99}, REFUSE, "finished",
            "You’ve finished it, so we don’t refund it.",
        ),
        ({"refunds_before": 2}, AT_ONCE, "otherwise", "You asked within 30 days."),
        (
            {"refunds_before": 3}, PERSON, "often",
            "You’ve had 3 refunds in the last 12 months, so a person decides.",
        ),
        (
            {"gift_opened": True}, PERSON, "gift_opened",
            "The person you gave it to has opened it, so a person decides.",
        ),
        (
            {"days": 99, "share_percent": 99, "refunds_before": 9}, REFUSE, "late",
            "The refund period of 30 days is over, so we don’t refund it.",
        ),
    ],
)  # fmt: skip
def test_the_usual_rules(changed: dict[str, Any], outcome: Outcome, rule: str, said: str) -> None:
    assert ruled({}, **changed) == (outcome, rule, said)


@pytest.mark.parametrize(
    ("outcomes", "changed", "outcome", "rule"),
    [
        ({Rule.LATE: AT_ONCE}, {"days": 99}, AT_ONCE, "otherwise"),
        ({Rule.LATE: PERSON}, {"days": 99}, PERSON, "late"),
        ({Rule.LATE: PERSON, Rule.USED: REFUSE}, {"days": 99, "share_percent": 99}, REFUSE, "used"),
        ({Rule.LATE: PERSON}, {"days": 99, "share_percent": 99}, PERSON, "late"),
        ({Rule.OTHERWISE: PERSON}, {}, PERSON, "otherwise"),
        ({Rule.OTHERWISE: REFUSE}, {}, REFUSE, "otherwise"),
        ({Rule.OTHERWISE: REFUSE}, {"share_percent": 99}, PERSON, "used"),
    ],
)
def test_each_rule_may_do_anything(
    outcomes: dict[Rule, Outcome], changed: dict[str, Any], outcome: Outcome, rule: str
) -> None:
    assert ruled(outcomes, **changed)[:2] == (outcome, rule)


def test_a_shop_that_asks_a_person_about_everything_says_so() -> None:
    assert ruled({Rule.OTHERWISE: PERSON})[2] == "You asked within 30 days. A person decides."
    assert ruled({Rule.OTHERWISE: REFUSE})[2] == "You asked within 30 days, but we don’t refund this."
    assert ruled({Rule.LATE: AT_ONCE}, days=99)[2] == "You asked for a refund."

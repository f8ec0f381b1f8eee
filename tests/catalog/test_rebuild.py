"""`flask stats rebuild` changes no row of a healthy shop, whatever happened before."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import time_machine
from flask import Flask

from tests import effort
from tests.cast import Cast
from tests.catalog.random_actions import BEGINS, Shop, count_days, everything, work


@pytest.fixture(autouse=True)
def time(app: Flask, cast: Cast) -> Iterator[time_machine.Traveller]:
    """Time that the actions move, from when the cast's shop, whose totals are rebuilt first, opened."""
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], keep_events_days=15)
    with time_machine.travel(BEGINS, tick=False) as traveller, app.app_context():
        rebuild(app)
        yield traveller


def rebuild(app: Flask) -> str:
    """Run the command; what it says."""
    done = app.test_cli_runner().invoke(args=["stats", "rebuild"])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("seed", range(effort.times(4, 100)))
@pytest.mark.slow
def test_rebuilding_changes_nothing_after_random_actions(
    app: Flask, cast: Cast, time: time_machine.Traveller, seed: int
) -> None:
    """All rows of all tables are compared, once the worker has done what waited."""
    shop, done = Shop(cast, seed, time), []
    for number in range(120):
        done.append(shop.act())
        if number % 60 == 59:
            work()
            count_days()
            work()
            before = dict(everything())
            said = rebuild(app)
            after = dict(everything())
            changed = {name: (set(before[name]) ^ set(after[name])) for name in before}
            assert not any(changed.values()), ({k: v for k, v in changed.items() if v}, said, done)

"""Every area has exactly one door, and no GET writes."""

from flask import Flask

from blueprints import AREAS

DOORS = {"open", "signed_in", "creators", "admins", "development_only"}


def test_every_area_names_its_door() -> None:
    assert {area.name: getattr(area, "door", None) in DOORS for area in AREAS} == {
        a.name: True for a in AREAS
    }


def test_no_route_stands_outside_an_area(app: Flask) -> None:
    areas = {area.name for area in AREAS}
    outside = [rule.endpoint for rule in app.url_map.iter_rules() if rule.endpoint.split(".")[0] not in areas]
    assert outside == []


def test_signing_out_is_a_post(app: Flask) -> None:
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule == "/logout"]
    assert [sorted(rule.methods or ()) for rule in rules] == [["OPTIONS", "POST"]]

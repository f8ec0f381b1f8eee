"""Tags as they are typed: unique, in order, and nothing between two commas is no tag."""

from domain.catalog import tags


def test_nothing_between_commas_is_no_tag() -> None:
    assert tags.split(" Flask,, python , ,FLASK,") == ["Flask", "python"]

"""What other tools write, read without trusting it."""

import pytest

from domain.portable.formats import yaml_values
from domain.portable.formats.yaml_values import NotYamlError
from domain.portable.outlines import site_files


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: No\nb: 1.10\nc: 2024-13-45\nd: 010\ne: 12:30\nf: ~\ng: true\nh: 5", None),
        ("a: !ENV [X, y]\nb: !!python/object/apply:os.system ls\nc: !!timestamp 2024-99-99", None),
        ("a: {b: [1,],}\n? [c]\n: d", {"a": {"b": [1]}, "['c']": "d"}),
        ("<<: {a: 1}\n", {"<<": {"a": 1}}),
    ],
)
def test_yaml_gives_plain_values(text: str, value: object) -> None:
    read, _repeated = yaml_values.load(text)
    if value is None:
        plain = (str, bool, int, list, type(None))
        assert all(isinstance(one, plain) and not isinstance(one, float) for one in read.values())
        assert all(read[key] != [] for key in read)
    else:
        assert read == value


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [1]\nb: [" + "*a, " * 60 + "]",
        "a: &a [*a]",
        "[" * 20_000,
        "a: b: c",
        "a: 'b",
        "- " * 300_000,
        "a\x01: b",
    ],
)
def test_what_is_no_yaml_is_refused(text: str) -> None:
    with pytest.raises(NotYamlError):
        yaml_values.load(text)


def test_a_sidebar_is_data_or_nothing() -> None:
    text = "export default {docs: ['a', /* b */ {More: ['c']}, {type: 'link', href: 'x'}]}"
    first, more = site_files.docusaurus(text) or []
    assert (first.file, more.title, more.children[0].file) == ("a", "More", "c")
    for program in (
        "module.exports = require('./x')",
        "export default {a: x => x}",
        "export default {...all}",
    ):
        assert not site_files.docusaurus(program)

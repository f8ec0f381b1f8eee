"""What other tools write, read without trusting it."""

import json
import time
from collections.abc import Callable

import pytest

from domain.portable.formats import notebooks, yaml_values
from domain.portable.formats.yaml_values import NotYamlError
from domain.portable.outlines import MOST_NODES, folders, site_files
from tests import effort


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


def test_aliases_do_not_multiply_the_entries_of_a_table_of_contents() -> None:
    pages = "{" + ",".join(f"p{n}: [f]" for n in range(1000)) + "}"
    aliases = [
        f"&{name} [" + f"{{x: *{below}}}," * 10 + "]" for name, below in (("b", "a"), ("c", "b"), ("d", "c"))
    ]
    nested = ", ".join(f"{{y{number}: {one}}}" for number, one in enumerate(aliases))
    nav = f"[{{x: &a [{pages}]}}, {nested}, " + "{z: *d}," * 10 + "]"
    for nodes in (
        site_files.mkdocs(yaml_values.load(f"nav: {nav}")[0]),
        site_files.docusaurus(f"export default {{docs: {nav}}}"),
    ):
        assert nodes
        assert sum(len(list(node.files())) for node in nodes) <= MOST_NODES


def notebook_with(output: str) -> bytes:
    written = {"output_type": "stream", "text": output}
    return json.dumps({"cells": [{"cell_type": "code", "outputs": [written]}]}).encode()


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (site_files.docusaurus, "export default {" + "/* " * 100_000 + "}"),
        (site_files.docusaurus, "export default {a: b}" + "\n" * 100_000 + "x}"),
        (site_files.docusaurus, "sidebars:" * 100_000),
        (site_files.docusaurus, "export default {'a" + " " * 100_000 + "b': [c], d: [e]}"),
        (folders._introduction, "[" * 200_000),
        (lambda text: notebooks.read(notebook_with(text), "a.ipynb", []), "\x1b]" * 200_000),
    ],
)  # fmt: skip
@pytest.mark.slow
def test_no_file_takes_for_ever(read: Callable[[str], object], text: str) -> None:
    started = time.process_time()
    read(text)
    assert time.process_time() - started < effort.times(5, 60)

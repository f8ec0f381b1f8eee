"""Rules about rules: domain/ never commits, forms are read through WTForms, refusals are sentences."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def calls(path: Path, name: str) -> list[int]:
    return [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == name
    ]


def test_domain_never_commits() -> None:
    found = {p.name: lines for p in (ROOT / "domain").rglob("*.py") if (lines := calls(p, "commit"))}
    assert found == {}


def test_request_form_is_read_through_wtforms_only() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in (ROOT / "blueprints").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr in ("form", "values")
        and isinstance(node.value, ast.Name)
        and node.value.id == "request"
    ]
    assert found == []


def test_only_hypermedia_knows_htmx_headers() -> None:
    found = [
        str(path.relative_to(ROOT))
        for folder in ("blueprints", "domain")
        for path in (ROOT / folder).rglob("*.py")
        if '"HX-' in path.read_text() or "'HX-" in path.read_text()
    ]
    assert found == []


def test_public_functions_say_what_they_do() -> None:
    silent = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for folder in (
            "blueprints",
            "domain",
            "tables",
            "storage",
            "cli",
            "demo",
            "stripe_sandbox",
            "web",
            "jobs",
            "mail",
            "payments",
        )
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and node.name != "Meta"
        and node.col_offset == 0
        and not ast.get_docstring(node)
    ]
    assert silent == []


# Prefixes that addresses are compared with, the beginnings of routes, and what is another site’s.
PREFIXES = {
    "auth/oauth_clients.py",
    "auth/sessions.py",
    "studio/bundle_courses.py",
    "studio/bundle_editor.py",
    "studio/curriculum.py",
    "studio/curriculum_rows.py",
    "studio/lessons.py",
}


def typed_addresses(tree: ast.AST) -> list[str]:
    """The strings of a module that are addresses, but for those that make routes."""
    routes = {
        part
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
        for part in ast.walk(decorator)
    }
    routes |= {
        part
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg == "url_prefix"
        for part in ast.walk(node)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in routes
        if re.match("/[a-z]", node.value)
    ]


def test_blueprints_take_addresses_from_url_for() -> None:
    found = {
        path.relative_to(ROOT / "blueprints").as_posix()
        for path in (ROOT / "blueprints").rglob("*.py")
        if path.parent.name != "dev" and typed_addresses(ast.parse(path.read_text()))
    }
    assert found == PREFIXES
    assert typed_addresses(ast.parse('redirect(f"/courses/{slug}")'))
    assert not typed_addresses(ast.parse('@bp.get("/x")\ndef x(): return url_for("x")'))

"""The demo's data files; see demo/README.md for their format."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent


@dataclass(frozen=True)
class CourseSource:
    """A course's folder and its course.toml."""

    folder: Path
    data: dict[str, Any]

    @property
    def slug(self) -> str:
        """Return the course's slug, which is the folder's name."""
        return self.folder.name

    def lessons(self) -> list[dict[str, Any]]:
        """List every lesson in order, over all modules."""
        return [lesson for module in self.data["modules"] for lesson in module["lessons"]]

    def body(self, lesson: dict[str, Any]) -> str:
        """Read the Markdown of a lesson, from the toml or from its own file."""
        if "body_file" in lesson:
            return (self.folder / lesson["body_file"]).read_text(encoding="utf-8")
        return str(lesson.get("body", ""))

    def film(self, lesson: dict[str, Any]) -> dict[str, Any] | None:
        """Read the film script of a lesson, if it has one."""
        return _toml(self.folder / lesson["film"]) if "film" in lesson else None


def courses() -> list[CourseSource]:
    """List every course, by slug, so that loading is deterministic."""
    files = sorted((ROOT / "courses").glob("*/course.toml"))
    return [CourseSource(file.parent, _toml(file)) for file in files]


def categories() -> list[dict[str, Any]]:
    """Read the categories in menu order, each with its subcategories."""
    return list(_toml(ROOT / "categories.toml")["categories"])


def people() -> dict[str, list[dict[str, Any]]]:
    """Read fixed accounts, creators and learners."""
    return _toml(ROOT / "people.toml")


def reviews() -> dict[str, Any]:
    """Read the reviews, and `sales_weight` by course slug."""
    return _toml(ROOT / "reviews.toml")


def bundles() -> list[dict[str, Any]]:
    """Read the bundles."""
    return list(_toml(ROOT / "bundles.toml")["bundles"])


def desks() -> dict[str, Any]:
    """Read pending_work.toml: waiting work, wishlists, carts, notifications, and the shop's description."""
    return _toml(ROOT / "pending_work.toml")


def _toml(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return tomllib.load(file)

"""Outlines: which files are lessons, in which order, and in which modules.

An outline is a tree of nodes: from a table of contents (`summary`, `site_files`) or from the folders
themselves (`folders`). `to_modules` makes a course's two levels of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from domain.authoring import curriculum, lesson_content

MOST_NODES = 5_000
MOST_DEEP = 20


@dataclass
class Node:
    """An entry of an outline: a file, a heading, or both, and what belongs below it.

    `title` is what the outline calls it, "" if it has no name of its own.
    """

    title: str = ""
    file: str = ""
    children: list["Node"] = field(default_factory=list)
    description: str = ""

    def files(self) -> Iterator["Node"]:
        """Yield every node with a file, in reading order."""
        if self.file:
            yield self
        for child in self.children:
            yield from child.files()


@dataclass
class OutlineModule:
    """A module: its title, description, and the nodes that are its lessons."""

    title: str
    description: str
    lessons: list[Node]


def to_modules(nodes: list[Node], rest: str = "Lessons") -> tuple[list[OutlineModule], str]:
    """Make modules of an outline; returns them, and a sentence if there were too many and some were joined.

    Each section becomes a module. One whose sections come after its own lessons is split: “Section” and
    “Section: Subsection”; whatever is deeper belongs to its subsection. Loose files between sections are a
    module called `rest`, or after themselves if there are several such runs or one lesson.
    """
    nodes = [node for node in nodes if next(node.files(), None)]
    modules = _modules(nodes, rest, two_levels=True)
    if len(modules) <= curriculum.MOST_MODULES:
        return modules, ""
    before = len(modules)
    modules = _modules(nodes, rest, two_levels=False)
    if len(modules) > curriculum.MOST_MODULES:
        modules = _joined(modules, rest)
    joined = f"{before:,} sections became {len(modules)} modules, because a course has at most"
    return modules, f"{joined} {curriculum.MOST_MODULES}."


def _modules(nodes: list[Node], rest: str, two_levels: bool) -> list[OutlineModule]:
    runs: list[list[Node]] = [[]]
    for node in nodes:
        if not node.children:
            runs[-1].append(node)
        else:
            runs += [[node], []]
    loose = sum(1 for run in runs if run and not run[0].children)
    found: list[OutlineModule] = []
    for run in filter(None, runs):
        if run[0].children:
            found += _section(run[0], two_levels)
        else:
            alone = len(run) == 1 and len(nodes) > 1
            found.append(OutlineModule(rest if loose == 1 and not alone else _span(run), "", run))
    return found


def _section(node: Node, two_levels: bool) -> list[OutlineModule]:
    sections = [child.children != [] for child in node.children]
    ordered = sections == sorted(sections)
    only = len(sections) == 1 and not node.file
    if not two_levels or not any(sections) or not ordered or only:
        return [OutlineModule(_title(node), node.description, list(node.files()))]
    own = [Node(node.title, node.file), *(child for child in node.children if not child.children)]
    own = [one for one in own if one.file]
    found = [OutlineModule(_title(node), node.description, own)] if own else []
    for child in node.children:
        if child.children:
            title = f"{_title(node)}: {_title(child)}" if _title(node) else _title(child)
            found.append(OutlineModule(title, child.description, list(child.files())))
    return found


def _title(node: Node) -> str:
    return node.title[: lesson_content.MAX_TITLE]


def _span(run: list[Node]) -> str:
    first, last = run[0].title, run[-1].title
    return first if len(run) == 1 or first == last else f"{first} – {last}"


def _joined(modules: list[OutlineModule], rest: str) -> list[OutlineModule]:
    """Join modules of a single lesson to their neighbours; then neighbours, until they are few enough."""
    found: list[OutlineModule] = []
    for module in modules:
        if found and len(module.lessons) == 1 and found[-1].title == rest:
            found[-1].lessons += module.lessons
        elif len(module.lessons) == 1:
            found.append(OutlineModule(rest, "", list(module.lessons)))
        else:
            found.append(module)
    size = -(-len(found) // curriculum.MOST_MODULES)
    if size == 1:
        return found
    parts = (found[at : at + size] for at in range(0, len(found), size))
    return [_one(part) for part in parts]


def _one(part: list[OutlineModule]) -> OutlineModule:
    title = part[0].title if len(part) == 1 else f"{part[0].title} – {part[-1].title}"
    return OutlineModule(title, "", [lesson for module in part for lesson in module.lessons])

"""Import and export of courses as a folder or zip of Markdown files with a course.toml.

The format is described in docs/creators/import-and-export.md. `source` reads the files, `formats` turns front
matter, MDX and notebooks into Markdown and values, `outlines` finds which files are lessons in which order,
`folder_reader` parses the course, `markdown_links` finds the links in its texts, `file_store` stores its
files, `course_writer` inserts its rows, `report` says what became of everything, `exporting` goes the other
way. Everything is validated before anything is written.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from domain import Refused

MANIFEST = "course.toml"
README = "README.md"
MAX_PROBLEMS = 200


@dataclass(frozen=True, order=True)
class Problem:
    """A problem in a file of the folder ("" for the whole), on a line from 1 (0 when unknown).

    `kind` is a sentence under which a report puts problems together that differ in their details.
    """

    file: str
    line: int
    sentence: str
    kind: str = field(default="", compare=False)

    @property
    def place(self) -> str:
        """Return the file and line, "" for the whole folder."""
        return self.file + (f", line {self.line}" if self.line else "")

    def __str__(self) -> str:
        return f"{self.place}: {self.sentence}" if self.place else self.sentence


class InvalidCourse(Refused):
    """A folder that can't be imported; `problems` lists all that were found, in order."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        count = len(problems)
        things = "1 problem" if count == 1 else f"{count:,} problems"
        super().__init__(f"Nothing was imported. Fix {things} first.", "file")
        self.problems = list(problems)


def broken(sentence: str, file: str = "", line: int = 0) -> InvalidCourse:
    """Build the error for a single problem."""
    return InvalidCourse([Problem(file, line, sentence)])


@dataclass
class Findings:
    """The findings of reading a course: problems that prevent the import, and notes that don't."""

    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)

    def note(self, file: str, sentence: str, line: int = 0, kind: str = "") -> None:
        """Add a note."""
        self.notes.append(Problem(file, line, sentence, kind))

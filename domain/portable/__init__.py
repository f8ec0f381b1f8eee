"""Import and export of courses as a folder or zip of Markdown files with a course.toml.

The format is described in docs/creators/import-and-export.md. `source` reads the files, `folder_reader`
parses the course, `markdown_links` finds the links in its texts, `file_store` stores its files,
`course_writer` inserts its rows, `exporting` goes the other way. Everything is validated before anything is
written.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from domain import Refused

MANIFEST = "course.toml"
README = "README.md"
MAX_PROBLEMS = 200


@dataclass(frozen=True, order=True)
class Problem:
    """A problem in a file of the folder ("" for the whole), on a line from 1 (0 when unknown)."""

    file: str
    line: int
    sentence: str

    def __str__(self) -> str:
        place = self.file + (f", line {self.line}" if self.line else "")
        return f"{place}: {self.sentence}" if place else self.sentence


class InvalidCourse(Refused):
    """A folder that can't be imported; `problems` lists all that were found, in order."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        count = len(problems)
        things = "1 problem" if count == 1 else f"{count} problems"
        super().__init__(f"Nothing was imported. Fix {things} first.", "file")
        self.problems = list(problems[:MAX_PROBLEMS])
        if count > MAX_PROBLEMS:
            self.problems.append(Problem("", 0, f"And {count - MAX_PROBLEMS} more."))


def broken(sentence: str, file: str = "", line: int = 0) -> InvalidCourse:
    """Build the error for a single problem."""
    return InvalidCourse([Problem(file, line, sentence)])

"""The child process that highlights code and sets formulas for domain/base/highlighting.py.

It imports nothing of the application. For each text it reads a line of JSON,
`[seconds, [[formula, display], …], [[lexer, code, marked], …]]`, and writes a JSON string of HTML per formula
(or null) and listing, each on a line, and then an empty line; a signal ends it when the seconds of processor
time of a text are spent.
"""

import json
import resource
import signal
import sys

MEMORY = 512 * 1024 * 1024
MOST_MATHML = 5_000_000  # characters of all formulas of a text; macros multiply what they name


def main() -> None:
    """Set the formulas and highlight the listings of each text on stdin."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for line in sys.stdin:
        seconds, formulas, listings = json.loads(line)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        # No Python handler runs while a pattern is matched: only a signal's default action can end that.
        if formulas:
            signal.setitimer(signal.ITIMER_PROF, seconds)
            set_formulas(formulas)
        if listings:
            colour(listings, seconds)
        signal.setitimer(signal.ITIMER_PROF, 0)
        write_line()


def set_formulas(formulas: list[tuple[str, bool]]) -> None:
    """Write the MathML of each formula, "" for one that can't be read, and null beyond MOST_MATHML."""
    from math_core import LatexError, LatexToMathML

    converter = LatexToMathML(fancy_error=False, max_expansions=200)
    left = MOST_MATHML
    for latex, display in formulas:
        html = None
        if left > 0:
            try:
                html = converter.convert_with_local_state(latex, displaystyle=display)
            except LatexError:
                html = ""
            left -= len(html)
        write(html)


def colour(listings: list[tuple[str, str, list[int]]], seconds: float) -> None:
    """Write the HTML of each listing."""
    from pygments import highlight
    from pygments.formatters.html import HtmlFormatter
    from pygments.lexers import get_lexer_by_name

    lexers = {name: get_lexer_by_name(name, stripnl=False, ensurenl=False) for name, _, _ in listings}
    signal.setitimer(signal.ITIMER_PROF, seconds)
    for name, code, marked in listings:
        write(highlight(code, lexers[name], HtmlFormatter(nowrap=True, hl_lines=marked)))


def write(html: str | None) -> None:
    """Write one result, which is then safe from the end of this process."""
    write_line(json.dumps(html))


def write_line(line: str = "") -> None:
    """Write a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

"""The child process that colours code for domain/base/highlighting.py; it knows nothing of the application.

It reads `[seconds, [[lexer, code], …]]` as JSON and answers a JSON string of HTML for each on a line of its
own, until all are done or the seconds of processor time are spent: then the system ends it.
"""

import json
import resource
import signal
import sys

from pygments import highlight
from pygments.formatters.html import HtmlFormatter
from pygments.lexers import get_lexer_by_name

MEMORY = 512 * 1024 * 1024


def main() -> None:
    """Colour what stdin says."""
    seconds, listings = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    lexers = {name: get_lexer_by_name(name, stripnl=False, ensurenl=False) for name, _ in listings}
    formatter = HtmlFormatter(nowrap=True)
    # Nothing of Python runs while a pattern is matched: only a signal that nobody handles ends that.
    signal.setitimer(signal.ITIMER_PROF, seconds)
    for name, code in listings:
        sys.stdout.write(json.dumps(highlight(code, lexers[name], formatter)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

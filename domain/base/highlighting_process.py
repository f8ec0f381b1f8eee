"""The child process that highlights code for domain/base/highlighting.py; imports nothing of the application.

It reads `[seconds, [[lexer, code], …]]` as JSON and writes a JSON string of HTML per listing and line, until
all are done or a signal ends it when the seconds of processor time are spent.
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
    """Highlight the listings on stdin."""
    seconds, listings = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    lexers = {name: get_lexer_by_name(name, stripnl=False, ensurenl=False) for name, _ in listings}
    formatter = HtmlFormatter(nowrap=True)
    # No Python handler runs while a pattern is matched: only the default action of a signal can end that.
    signal.setitimer(signal.ITIMER_PROF, seconds)
    for name, code in listings:
        sys.stdout.write(json.dumps(highlight(code, lexers[name], formatter)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

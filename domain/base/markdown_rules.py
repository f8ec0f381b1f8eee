"""Rules for markdown-it: task lists, and a time limit for all rules together."""

import re
import threading
import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

_TASK = re.compile(r"\[([ xX])][ \t\n]+")
_EVERY = 64  # rule calls between checks of the clock, which cost as much as a rule


class TookTooLongError(Exception):
    """Parsing exceeded the time of `limit_time`."""


class _Until(threading.local):
    seconds = 0.0
    calls = 0


_UNTIL = _Until()


def limit_time(seconds: float) -> None:
    """Limit this thread's next parsing to `seconds` of processor time."""
    _UNTIL.seconds, _UNTIL.calls = time.thread_time() + seconds, 0


def timed(parser: MarkdownIt) -> MarkdownIt:
    """Wrap all rules of `parser` to raise TookTooLongError when the time is up.

    Nested brackets and the like are retried so often that parsing takes quadratic time and more; but no
    single call of a rule takes longer than reading the text once, so checking between calls suffices.
    """
    for ruler in (parser.core.ruler, parser.block.ruler, parser.inline.ruler, parser.inline.ruler2):
        rules: Any = ruler.__rules__
        for rule in rules:
            rule.fn = _timed(rule.fn)
    return parser


def _timed(rule: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(rule)
    def checked(*args: Any) -> Any:
        _UNTIL.calls += 1
        if not _UNTIL.calls % _EVERY and time.thread_time() > _UNTIL.seconds:
            raise TookTooLongError
        return rule(*args)

    return checked


def task_lists(parser: MarkdownIt) -> None:
    """Render list items that begin with [ ] or [x] as disabled checkboxes, in one pass."""
    parser.core.ruler.after("html_elements", "task_lists", _task_lists)


def _task_lists(state: StateCore) -> None:
    lists: list[Token] = []
    tokens = state.tokens
    for at, token in enumerate(tokens):
        if token.type in ("bullet_list_open", "ordered_list_open"):
            lists.append(token)
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            lists.pop()
        elif token.type == "inline" and at >= 2 and tokens[at - 2].type == "list_item_open":
            found = tokens[at - 1].type == "paragraph_open" and _TASK.match(token.content)
            if found:
                tokens[at - 2].attrSet("class", "task-list-item")
                lists[-1].attrSet("class", "contains-task-list")
                _put_box(token, is_done=found[1] != " ")


def _put_box(token: Token, is_done: bool) -> None:
    checked = ' checked="checked"' if is_done else ""
    box = f'<input class="task-list-item-checkbox"{checked} disabled="disabled" type="checkbox">'
    words = token.children or []
    words[0].content = words[0].content[3:]
    token.children = [_html("<label>"), _html(box), *words, _html("</label>")]


def _html(content: str) -> Token:
    return Token("html_inline", "", 0, content=content)

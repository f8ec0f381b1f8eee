"""The parser of Markdown: CommonMark, with what the usual tools for course material add to it."""

import logging
import re
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.gfm_autolink import gfm_autolink_plugin

from domain.base.markdown_formulas import block_formulas
from domain.base.markdown_headings import heading_attributes
from domain.base.markdown_html import html_elements
from domain.base.markdown_inline import CjkInline, emoji_names, formulas
from domain.base.markdown_notes import notes
from domain.base.markdown_renderer import Renderer
from domain.base.markdown_rules import TookTooLongError, limit_time, task_lists, timed

log = logging.getLogger(__name__)
SECONDS = 1.0  # of processor time for parsing a text; ten times what a long ordinary one takes
MOST_ADDRESSED = 1_000_000  # characters of all URLs and titles: each reference to a definition repeats them


class _Markdown(MarkdownIt):
    def __init__(self) -> None:
        super().__init__("commonmark", renderer_cls=Renderer)
        self.inline = CjkInline()
        self.configure("commonmark", {"html": True})

    def validateLink(self, url: str) -> bool:  # noqa: N802
        """Allow only http, https, mailto and relative links."""
        scheme = re.match(r"([^/?#]*):", url)
        return scheme is None or scheme.group(1).lower() in ("http", "https", "mailto")


def _parser() -> MarkdownIt:
    parser = _Markdown()
    parser.enable(["table", "strikethrough"])
    parser.use(footnote_plugin, inline=False).use(deflist_plugin).use(gfm_autolink_plugin)
    parser.use(notes).use(block_formulas).use(formulas)
    parser.core.ruler.after("block", "heading_attributes", heading_attributes)
    parser.core.ruler.after("footnote_tail", "html_elements", html_elements)
    parser.core.ruler.push("emoji_names", emoji_names)
    parser.use(task_lists)
    parser.add_render_rule("footnote_anchor", Renderer.footnote_anchor)  # instead of the plugin's
    return timed(parser)


PARSER = _parser()


def parse(source: str, env: dict[str, Any]) -> list[Token]:
    """Parse cleaned Markdown. A text that takes longer than SECONDS becomes one block of code."""
    limit_time(SECONDS)
    try:
        tokens = PARSER.parse(source, env)
        if _addressed(tokens) <= MOST_ADDRESSED:
            return tokens
    except TookTooLongError:
        pass
    log.info("A text of %s characters takes too long to render and stays plain", len(source))
    return [Token("code_block", "code", 0, content=source)]


def _addressed(tokens: list[Token]) -> int:
    """Count the characters of all attributes: one long URL may be referenced ten thousand times."""
    own = (len(value) for token in tokens for value in token.attrs.values() if isinstance(value, str))
    return sum(own) + sum(_addressed(token.children) for token in tokens if token.children)

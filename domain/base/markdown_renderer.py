"""The HTML of the tokens that differ from markdown-it's."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from domain.base.code_fences import fence_info
from domain.base.highlighting import label


def is_foreign(address: str, own_host: str | None) -> bool:
    """Tell whether `address` leads away from `own_host`; every host counts as another if that is None."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return True
    return bool(parts.netloc or parts.scheme) and (parts.netloc != own_host or own_host is None)


class Renderer(RendererHTML):
    """Renders tokens to HTML; the listings and formulas among them have theirs in `meta["html"]`."""

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Render code with its title and language; a script adds the copy button to `data-copy`."""
        info = fence_info(tokens[idx].info)
        named = escapeHtml(label(info.language))
        title = f'<span class="code-title">{escapeHtml(info.title)}</span>' if info.title else ""
        words = f"{title} {named}".strip()
        head = f'<span class="code-language">{words}</span>' if words else ""
        body = tokens[idx].meta["html"]
        return (
            f'<div class="code" data-copy="">{head}'
            f'<pre class="highlight" tabindex="0"><code>{body}</code></pre></div>\n'
        )

    code_block = fence

    def math(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Render a formula as MathML; one that can't be read as code, with what it says."""
        token = tokens[idx]
        if token.meta.get("html"):
            html = str(token.meta["html"])
            return f'<div class="formula" tabindex="0">{html}</div>\n' if token.block else html
        shown = f'<code class="formula">{escapeHtml(token.content)}</code>'
        return f"<p>{shown}</p>\n" if token.block else shown

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Render a picture of this site; an external one as a link, as pages load nothing from elsewhere."""
        token = tokens[idx]
        source = str(token.attrs["src"])
        alt = self.renderInlineAsText(token.children, options, env) if token.children else ""
        if is_foreign(source, env["own_host"]):
            shown = alt or urlsplit(source).netloc
            return (
                f'<a class="foreign-image" rel="nofollow ugc noopener" href="{escapeHtml(source)}">'
                f"{escapeHtml(shown)}</a>"
            )
        more = "".join(
            f' {name}="{escapeHtml(str(token.attrs[name]))}"'
            for name in ("title", "width", "height")
            if token.attrs.get(name)
        )
        return (
            f'<img src="{escapeHtml(source)}" alt="{escapeHtml(alt)}"{more} loading="lazy" decoding="async">'
        )

    def table_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Wrap a table so that it scrolls on narrow screens, by keyboard too."""
        return '<div class="table-scroll" role="group" aria-label="Table" tabindex="0"><table>\n'

    def table_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Close the wrapper of a table."""
        return "</table></div>\n"

    def heading_anchor(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Render the link of a heading to itself."""
        address = escapeHtml(tokens[idx].meta["id"])
        return f' <a class="anchor" href="#{address}" aria-label="Link to this section">#</a>'

    def note_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Open a note, folded details or a tab."""
        box = tokens[idx].meta["box"]
        if box.kind == "tab":
            return f'<section class="tab" aria-label="{escapeHtml(box.title)}">\n'
        named = f'class="note note-{box.kind}"'
        if box.folded:
            return f"<details {named}{' open' if box.opened else ''}>\n"
        return f'<aside {named} role="note" aria-label="{escapeHtml(box.title)}">\n'

    def footnote_anchor(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Render the backlink of a footnote, with a label for screen readers."""
        number, again = tokens[idx].meta["id"] + 1, tokens[idx].meta["subId"]
        place = f"{number}:{again}" if again else f"{number}"
        link = f'<a class="footnote-backref" href="#fnref{place}" aria-label="Back to the text">'
        return f" {link}\u21a9\ufe0e</a>"

"""Route of the Markdown preview; nothing is stored."""

from werkzeug.wrappers import Response
from wtforms import TextAreaField

from blueprints.studio import bp
from domain import Refused
from domain.authoring import lesson_content, text_hints
from domain.base import markdown
from web import hypermedia
from web.forms import Form, raw_text


class TextForm(Form):
    """A Markdown text."""

    text = TextAreaField("Text", filters=[raw_text])


@bp.post("/preview-markdown")
def preview_markdown() -> Response:
    """Render the submitted Markdown to HTML, or the reason why it is refused (422)."""
    form = TextForm()
    if not form.validate():
        return hypermedia.render(
            "studio/_rendered.html", status=422, html="", trouble="Send it again.", lines=[]
        )
    typed = form.text.data or ""
    try:
        made = lesson_content.rendered(typed) if typed.strip() else None
    except Refused as refusal:
        return hypermedia.render(
            "studio/_rendered.html", status=422, html="", trouble=refusal.sentence, lines=[]
        )
    html, hints = (made.html, text_hints.hints(made)) if made else ("", [])
    lines = markdown.block_lines(typed) if html else []
    return hypermedia.render("studio/_rendered.html", html=html, hints=hints, trouble="", lines=lines)

"""The style guide: every macro of the design system in every state, with sample values."""

from __future__ import annotations

import re
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response
from wtforms import (
    BooleanField,
    FileField,
    Form,
    PasswordField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import Email, InputRequired, Length, Optional

from blueprints.dev import bp
from domain.base import clock, markdown
from models import ProductKind
from web import hypermedia, static_files

ICONS = re.findall(r'<symbol id="([^"]+)"', (static_files.ROOT / "icons" / "sprite.svg").read_text())
LEVELS = [SelectChoice(level, level.capitalize()) for level in ("beginner", "intermediate", "advanced")]

# title, category, creator, cents, cents now, average, reviews, minutes, level
COURSES = (
    ("Flask from the first request", "Web development", "Ines Okafor", 1900, 1900, 4.8, 214, 200, "beginner"),
    ("Reading query plans", "Databases", "Tomasz Lindqvist", 2400, 1800, 4.6, 96, 245, "intermediate"),
    ("Type that carries a page", "Design", "Mirela Sandu", 800, 800, 4.9, 58, 75, "beginner"),
    ("Honest statistics", "Data", "Ruth Abelson", 0, 0, 4.4, 1204, 310, "beginner"),
    ("Concurrency without tears", "Systems", "Kenji Arai", 3900, 3900, 0, 0, 520, "advanced"),
    (
        "The working photographer’s light",
        "Photography",
        "Ana Beltrán",
        2200,
        2200,
        4.7,
        31,
        190,
        "intermediate",
    ),
    ("Sound for people who film", "Photography", "Ana Beltrán", 1500, 1200, 4.1, 12, 150, "beginner"),
    ("Forms that people finish", "Design", "Mirela Sandu", 900, 900, 4.5, 77, 80, "beginner"),
    ("Command line, kindly", "Systems", "Kenji Arai", 0, 0, 4.8, 640, 65, "beginner"),
    ("Models you can explain to your board", "Data", "Ruth Abelson", 4000, 4000, 3.9, 22, 560, "advanced"),
    ("Postgres in production", "Databases", "Tomasz Lindqvist", 3500, 3500, 4.7, 145, 480, "advanced"),
    ("Small tools with htmx", "Web development", "Ines Okafor", 1700, 1700, 4.9, 88, 210, "intermediate"),
)

PROSE = """
A lesson is read for an hour, so a line holds about **68 characters** and a page breathes. It links to
[other lessons](/courses), quotes, counts and shows code.

## What a request is

> The server knows nothing of you but what the request says.

1. The browser opens a connection.
2. It sends a line, some headers and perhaps a body.
   - The line names a method and a path.
   - `Host` says which site is meant.

- [x] Install Flask
- [ ] Write the first view

```python
from flask import Flask, request

app = Flask(__name__)


@app.get("/hello/<name>")
def hello(name: str) -> str:
    \"\"\"Greet whoever is named in the address.\"\"\"
    times = int(request.args.get("times", 1))
    return "\\n".join(f"Hello, {name}." for _ in range(times))  # one line each
```

### What the numbers say

| Method | Changes something | Typical answer |
|--------|:-----------------:|---------------:|
| GET    | no                | 200            |
| POST   | yes               | 303            |
| DELETE | yes               | 204            |

Press <kbd>Enter</kbd> to go on; a footnote[^1] explains the rest. The rate is $r = \\frac{n}{t}$.

> [!NOTE]
> A note, as GitHub writes it.

:::tip Read this first
A tip with `code`.
:::

!!! warning "Mind the gap"
    A warning, as MkDocs writes it.

??? important "Folded"
    It opens by itself when asked.

> [!CAUTION]
> Something that can’t be undone.

=== "npm"

    ```sh title="Terminal"
    npm install
    ```

=== "yarn"

    ```sh
    yarn
    ```

Route
: An address and the function that answers it.

[^1]: Footnotes stand at the foot of the lesson, with a way back.
"""


class SampleForm(Form):
    """One field of every kind."""

    email = StringField("Email address", [InputRequired(), Email()])
    password = PasswordField("Password", [InputRequired(), Length(min=10)])
    headline = StringField("Headline", [Optional(), Length(max=160)])
    level = SelectField("Level", choices=LEVELS)
    about = TextAreaField("About you", [Optional()])
    audience = RadioField("Who is it for?", [InputRequired()], choices=LEVELS)
    picture = FileField("Picture", [Optional()])
    remember = BooleanField("Keep me signed in on this device")
    rating = RadioField(
        "Your rating", [InputRequired()], choices=[SelectChoice(n, str(n)) for n in range(1, 6)], coerce=int
    )


def samples() -> dict[str, Any]:
    """Build the values that the style guide shows, with an empty form and an invalid one."""
    sent = {"wrong-email": "ada.example.com", "wrong-password": "short", "wrong-level": "beginner"}
    wrong = SampleForm(MultiDict(sent), prefix="wrong-")
    wrong.validate()
    wrong.form_errors = []
    return {
        "cards": [card(*row) for row in COURSES],
        "form": SampleForm(level="beginner", rating=4, audience="beginner"),
        "wrong": wrong,
        "prose": markdown.render(PROSE).html,
        "pages": SimpleNamespace(
            prev="?page=3",
            next="?page=5",
            items=[
                ("1", "?page=1", False),
                ("…", None, False),
                ("3", "?page=3", False),
                ("4", "?page=4", True),
                ("5", "?page=5", False),
                ("…", None, False),
                ("19", "?page=19", False),
            ],
        ),
        "months": list(
            zip(
                ("Dec", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov"),
                (210, 340, 290, 410, 380, 520, 470, 350, 430, 610, 720, 655),
                strict=True,
            )
        ),
        "icon_names": ICONS,
        "moments": [
            clock.now() - timedelta(minutes=3),
            clock.now() - timedelta(days=20),
            clock.now() + timedelta(days=2),
        ],
    }


def card(
    title: str,
    category: str,
    creator: str,
    cents: int,
    cents_now: int,
    average: float,
    reviews: int,
    minutes: int,
    level: str,
) -> SimpleNamespace:
    """Build a sample course with the attributes that shared/_course_card.html reads."""
    return SimpleNamespace(
        kind=ProductKind.COURSE,
        slug=_slug(title),
        title=title,
        level=level,
        currency="USD",
        price_cents=cents,
        price_now_cents=cents_now,
        reference_cents=cents if cents_now < cents else None,
        summary="Learn it by building one small, real thing from start to end, and know afterwards why.",
        rating_avg=average,
        rating_count=reviews,
        duration_seconds=minutes * 60,
        lesson_count=minutes // 9,
        language="en",
        creator_name=creator,
        creator_slug=_slug(creator),
        category_name=category,
        category_slug=_slug(category),
    )


def _slug(text: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in text.lower()).split())


@bp.get("/styleguide")
def styleguide() -> Response:
    """Show every component in every state."""
    return hypermedia.render("styleguide/index.html", **samples())

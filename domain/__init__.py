"""The business rules, without HTTP: a module of verbs per subject, questions first.

Verbs take rows and values, return what they made, flush and never commit.
"""


class Refused(Exception):  # noqa: N818 - an answer, not a fault
    """A rule says no. The message is a sentence for the person; `field` names the form field it is about."""

    def __init__(self, sentence: str, field: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.field = field


class InvalidToken(Refused):
    """The link is forged, has run out, or was used."""

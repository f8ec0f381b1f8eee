"""Form of the creator application."""

from wtforms import BooleanField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from domain.people.creator_applications import MAX_SAMPLE
from web.forms import AddressesField, Form, LinesField, one_line, paragraphs


class ApplicationForm(Form):
    """An application: profile, expertise, links and a sample course."""

    headline = StringField(
        "Who are you, in one line?",
        [InputRequired("Say who you are."), Length(max=160, message="Use at most 160 characters.")],
        filters=[one_line],
    )
    expertise = LinesField("What do you know well?", most=10, longest=40)
    links = AddressesField("Where can we see your work?", most=5)
    sample = TextAreaField(
        "What would you teach, and how?",
        [
            InputRequired("Tell us about a course you would make."),
            Length(min=40, message="Say a little more: at least 40 characters."),
            Length(max=MAX_SAMPLE, message=f"Use at most {MAX_SAMPLE:,} characters."),
        ],
        filters=[paragraphs],
    )
    terms = BooleanField("I agree to the terms above", [InputRequired("Agree to the terms to apply.")])

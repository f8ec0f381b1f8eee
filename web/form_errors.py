"""Sentences for values that WTForms refuses by itself, in place of its own.

A validator with a message of its own needs nothing here. `tests/house/test_form_errors.py` finds sentences of
a newer WTForms that have no counterpart.
"""

_FILL_IN = "Fill this in."
_CHOOSE = "Choose one of these."
_ONE_OF = "Use one of these: %(values)s."
_AS_IT_WAS = "You can’t change this."
_OPEN_TOO_LONG = "This page was open for too long. Please send it again."
_NUMBER = "Enter a number such as 9.5."

SENTENCES = {
    "This field is required.": _FILL_IN,
    "Invalid input.": "This doesn’t look right. Please check it.",
    "Not a valid integer value.": "Enter a whole number.",
    "Not a valid decimal value.": _NUMBER,
    "Not a valid float value.": _NUMBER,
    "Not a valid date value.": "Enter a date such as 2026-12-31.",
    "Not a valid datetime value.": "Enter a date and a time such as 2026-12-31 18:00.",
    "Not a valid time value.": "Enter a time such as 18:00.",
    "Not a valid week value.": "Enter a week such as 2026-W53.",
    "Not a valid choice.": _CHOOSE,
    "Invalid Choice: could not coerce.": _CHOOSE,
    "Invalid choice(s): one or more data inputs could not be coerced.": _CHOOSE,
    "'%(value)s' is not a valid choice for this field.": "“%(value)s” isn’t one of the choices.",
    "'%(value)s' are not valid choices for this field.": "%(value)s aren’t among the choices.",
    "Number must be at least %(min)s.": "Enter a number from %(min)s.",
    "Number must be at most %(max)s.": "Enter a number up to %(max)s.",
    "Number must be between %(min)s and %(max)s.": "Enter a number from %(min)s to %(max)s.",
    "Date must be at least %(min)s.": "Enter %(min)s or a later date.",
    "Date must be at most %(max)s.": "Enter %(max)s or an earlier date.",
    "Date must be between %(min)s and %(max)s.": "Enter a date from %(min)s to %(max)s.",
    "Field must be equal to %(other_name)s.": "These two don’t match.",
    "Field must be at least %(min)d character long.": "Use at least one character.",
    "Field must be at least %(min)d characters long.": "Use at least %(min)d characters.",
    "Field cannot be longer than %(max)d character.": "Use at most one character.",
    "Field cannot be longer than %(max)d characters.": "Use at most %(max)d characters.",
    "Field must be exactly %(max)d character long.": "Use exactly one character.",
    "Field must be exactly %(max)d characters long.": "Use exactly %(max)d characters.",
    "Field must be between %(min)d and %(max)d characters long.": "Use %(min)d to %(max)d characters.",
    "Invalid email address.": "Enter an email address such as name@example.com.",
    "Invalid IP address.": "Enter an IP address such as 192.0.2.1.",
    "Invalid Mac address.": "Enter a MAC address such as 00:00:5e:00:53:01.",
    "Invalid URL.": "Enter a web address such as https://example.com.",
    "Invalid UUID.": "This doesn’t name anything here.",
    "Invalid value, must be one of: %(values)s.": _ONE_OF,
    "Invalid value, can't be any of: %(values)s.": "Don’t use any of these: %(values)s.",
    "This field cannot be edited.": _AS_IT_WAS,
    "This field is disabled and cannot have a value.": _AS_IT_WAS,
    "Invalid CSRF Token.": _OPEN_TOO_LONG,
    "CSRF token missing.": _OPEN_TOO_LONG,
    "CSRF token expired.": _OPEN_TOO_LONG,
    "CSRF failed.": _OPEN_TOO_LONG,
    "File does not have an approved extension.": "We can’t use files of this type.",
    "File does not have an approved extension: {extensions}": "Use one of these types: {extensions}",
}


class FormErrors:
    """The translation of the library's sentences, in the shape that WTForms asks for."""

    def gettext(self, sentence: str) -> str:
        """Answer our sentence for one of the library's; any other as it is."""
        return SENTENCES.get(sentence, sentence)

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        """Answer our sentence for one thing, or for several."""
        return self.gettext(singular if number == 1 else plural)

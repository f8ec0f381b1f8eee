"""Forms of an answer to a bank."""

from wtforms import HiddenField, StringField, TextAreaField
from wtforms.validators import Length

from domain.disputes.evidence_fields import FIELDS
from models import Dispute
from web.forms import Form, one_line, paragraphs, raw_text
from web.merging import MergingForm


def _field(name: str) -> StringField | TextAreaField:
    one = FIELDS[name]
    limit = [Length(max=one.most, message=f"Use at most {one.most:,} characters.")]
    if one.rows == 1:
        return StringField(one.label, limit, filters=[one_line])
    return TextAreaField(one.label, limit, filters=[paragraphs])


class EvidenceForm(MergingForm):
    """The texts of an answer, by Stripe's names; `send` is the button that goes on to sending it."""

    send = HiddenField(filters=[raw_text])

    customer_name = _field("customer_name")
    customer_email_address = _field("customer_email_address")
    customer_purchase_ip = _field("customer_purchase_ip")
    billing_address = _field("billing_address")
    product_description = _field("product_description")
    service_date = _field("service_date")
    access_activity_log = _field("access_activity_log")
    refund_policy_disclosure = _field("refund_policy_disclosure")
    refund_refusal_explanation = _field("refund_refusal_explanation")
    uncategorized_text = _field("uncategorized_text")

    @classmethod
    def of(cls, dispute: Dispute) -> "EvidenceForm":
        """Build the form of the draft of `dispute`."""
        return cls(data={name: dispute.evidence.get(name, "") for name in FIELDS})

    def texts(self) -> dict[str, str]:
        """Collect the submitted texts."""
        return {name: self[name].data or "" for name in FIELDS}


class SendForm(Form):
    """The confirmation that an answer is sent, for good; `version` is the draft that the page showed."""

    version = HiddenField(filters=[raw_text])

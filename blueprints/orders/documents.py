"""Routes of the documents of an order: each as a PDF."""

from flask import abort
from flask_login import current_user
from werkzeug.wrappers import Response

from blueprints.orders import bp
from domain.documents import lookups
from web import document_files


@bp.get("/orders/<number>/documents/<document>.pdf")
def document(number: str, document: str) -> Response:
    """Serve a document to the buyer or an admin; made on the spot if the worker hasn't made it yet."""
    return document_files.send(lookups.find(number, document, current_user) or abort(404))

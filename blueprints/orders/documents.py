"""Routes of the documents of an order: each as a PDF."""

from flask import Response, abort
from flask_login import current_user
from werkzeug.wrappers import Response as BaseResponse

import storage
from blueprints.orders import bp
from domain.documents import files, lookups


@bp.get("/orders/<number>/documents/<document>.pdf")
def document(number: str, document: str) -> BaseResponse:
    """Serve a document to the buyer or an admin; made on the spot if the worker hasn't made it yet."""
    found = lookups.find(number, document, current_user) or abort(404)
    if found.pdf_key is not None and files.is_stored(found):
        return storage.send(found.pdf_key, files.TYPE, files.name_of(found))
    response = Response(files.render(found), mimetype=files.TYPE)
    response.headers["Content-Disposition"] = f'attachment; filename="{files.name_of(found)}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response

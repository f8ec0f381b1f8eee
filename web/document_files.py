"""Serving the PDF of a document: the stored one, or one that is made on the spot."""

from flask import Response
from werkzeug.wrappers import Response as BaseResponse

import storage
from domain.documents import files
from models import Document


def send(document: Document) -> BaseResponse:
    """Answer with the PDF of `document`."""
    if document.pdf_key is not None and files.is_stored(document):
        return storage.send(document.pdf_key, files.TYPE, files.name_of(document))
    response = Response(files.render(document), mimetype=files.TYPE)
    response.headers["Content-Disposition"] = f'attachment; filename="{files.name_of(document)}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response

"""The shop's icon, for programs that ask for it at the usual address."""

import io
from dataclasses import replace

from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from domain.platform import images, settings
from models import PlatformSettings, db


def test_the_icon_is_at_its_usual_address(app: Flask, client: FlaskClient) -> None:
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], env="production")
    answer = client.get("/favicon.ico", base_url="https://localhost")
    assert (answer.status_code, answer.mimetype) == (200, "image/x-icon")
    assert answer.headers["Cache-Control"].startswith("public, max-age=")
    assert "Cookie" not in answer.headers.get("Vary", "")
    assert Image.open(io.BytesIO(answer.data)).size == (48, 48)
    with app.app_context():
        drawing = io.BytesIO()
        Image.new("RGB", (64, 64), "red").save(drawing, "PNG")
        drawing.seek(0)
        logo = images.keep(images.ImageUse.LOGO, drawing)
        db.session.get_one(PlatformSettings, 1).logo = logo
        db.session.commit()
        settings.forget()
    own = client.get("/favicon.ico")
    assert (own.status_code, own.mimetype) == (200, "image/png")

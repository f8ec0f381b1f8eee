"""Mail goes only to the server that it is meant for: its certificate is checked, whichever way TLS begins."""

import datetime
import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask
from sqlalchemy import select

import config
import jobs
from models import EmailStatus, Job, JobState, db
from tests.cast import Cast
from tests.platform.test_mail import Server, only_message, write

HERE, ELSEWHERE = "127.0.0.1", "127.0.0.2"


@pytest.fixture
def certificate(tmp_path: Path) -> Callable[[str], Path]:
    """A function that writes a key and a certificate for an address, signed by nobody else, into one file."""

    def write_down(address: str) -> Path:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail")])
        today = datetime.datetime.now(datetime.UTC)
        made = (
            x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(today - datetime.timedelta(days=1))
            .not_valid_after(today + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False
            )
            .sign(key, hashes.SHA256())
        )
        path = tmp_path / f"{address}.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + made.public_bytes(serialization.Encoding.PEM)
        )
        return path

    return write_down


@pytest.fixture
def listen(app: Flask) -> Iterator[Callable[[str, Path], Server]]:
    """A function that starts a mail server with a certificate; the application sends to it."""
    running = []

    def start(security: str, certificate: Path) -> Server:
        with socket.socket() as probe:
            probe.bind((HERE, 0))
            port = probe.getsockname()[1]
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
        kept = Server()
        offered: dict[str, Any] = {"ssl_context" if security == "tls" else "tls_context": context}
        controller = Controller(kept, hostname=HERE, port=port, **offered)
        controller.start()
        running.append(controller)
        app.config["SETTINGS"] = replace(
            app.config["SETTINGS"], smtp_host=HERE, smtp_port=port, smtp_security=security
        )
        return kept

    yield start
    for controller in running:
        controller.stop()


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_certificate_that_nobody_vouches_for_is_refused_and_the_mail_waits(
    app: Flask,
    cast: Cast,
    certificate: Callable[[str], Path],
    listen: Callable[[str, Path], Server],
    security: str,
) -> None:
    server = listen(security, certificate(HERE))
    with app.test_request_context(method="POST"):
        write(cast.una)
        jobs.run_all()
        assert only_message().status != EmailStatus.SENT
        job = db.session.scalars(select(Job).where(Job.kind == "send_email")).one()
        assert job.state == JobState.QUEUED
        assert f"The certificate of the mail server {HERE} can’t be trusted" in (job.last_error or "")
        assert "SMTP_CA_FILE" in (job.last_error or "")
    assert server.letters == []


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_an_authority_of_ones_own_is_trusted_when_it_is_named(
    app: Flask,
    cast: Cast,
    certificate: Callable[[str], Path],
    listen: Callable[[str, Path], Server],
    security: str,
) -> None:
    own = certificate(HERE)
    server = listen(security, own)
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], smtp_ca_file=own)
    with app.test_request_context(method="POST"):
        write(cast.una)
        jobs.run_all()
        assert only_message().status == EmailStatus.SENT
    assert len(server.letters) == 1


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_certificate_for_another_name_is_refused(
    app: Flask,
    cast: Cast,
    certificate: Callable[[str], Path],
    listen: Callable[[str, Path], Server],
    security: str,
) -> None:
    other = certificate(ELSEWHERE)
    server = listen(security, other)
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], smtp_ca_file=other)
    with app.test_request_context(method="POST"):
        write(cast.una)
        jobs.run_all()
        assert only_message().status != EmailStatus.SENT
    assert server.letters == []


def test_the_file_of_certificates_is_read_at_start(
    tmp_path: Path, certificate: Callable[[str], Path]
) -> None:
    good, bad = certificate(HERE), tmp_path / "bad.pem"
    bad.write_text("no certificate")
    environ = {"LECTERN_DATA_DIR": str(tmp_path)}
    assert config.load({**environ, "SMTP_CA_FILE": str(good)}).smtp_ca_file == good
    for path in (bad, tmp_path / "missing.pem"):
        with pytest.raises(config.ConfigError, match="SMTP_CA_FILE must be a readable file"):
            config.load({**environ, "SMTP_CA_FILE": str(path)})

"""Bringing a message to a channel: a webhook, Slack's kind of webhook, or a mail server."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import format_datetime

import httpx

from connectors.http import mask
from sync.alerts.message import Message
from sync.alerts.options import AlertOptions, EmailOptions, SlackOptions, WebhookOptions

#: Seconds that a channel may take.
PATIENCE = 20.0
PORTS = {"starttls": 587, "tls": 465, "none": 25}


class Unsent(Exception):
    """A channel could not be told; the sentence holds no secret and no address."""


def send(options: AlertOptions, message: Message) -> None:
    """Bring it there. Raises Unsent if it surely or perhaps did not arrive."""
    try:
        if isinstance(options, EmailOptions):
            _mail(options, message)
        elif isinstance(options, SlackOptions):
            _post(options, {"text": _escaped(message.text())})
        elif isinstance(options, WebhookOptions):
            _post(options, message.to_json())
    except (httpx.HTTPError, httpx.InvalidURL, smtplib.SMTPException, OSError, ValueError) as error:
        raise Unsent(mask(_why(error), _secrets(options))) from error


def _post(options: WebhookOptions, body: object) -> None:
    answer = httpx.post(options.url.get_secret_value(), json=body, timeout=PATIENCE)
    if not answer.is_success:
        raise httpx.HTTPError(f"{answer.url.host} answered {answer.status_code}")


def _escaped(text: str) -> str:
    """Slack's markup takes these three for its own."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _mail(options: EmailOptions, message: Message) -> None:
    mail = EmailMessage()
    mail["Subject"] = message.subject()
    mail["From"] = options.sender
    mail["To"] = ", ".join(options.to)
    mail["Date"] = format_datetime(message.at)
    # RFC 3834: nobody's absence is answered to it
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text() + "\n")
    with _server(options) as server:
        if options.username is not None and options.password is not None:
            server.login(options.username, options.password.get_secret_value())
        refused = server.send_message(mail)
    if refused:
        raise smtplib.SMTPException(f"{len(refused)} of {len(options.to)} recipients were refused")


def _server(options: EmailOptions) -> smtplib.SMTP:
    """A connection to the mail server, with its certificate verified where it is encrypted."""
    port = PORTS[options.encryption] if options.port is None else options.port
    trusted = ssl.create_default_context()
    if options.encryption == "tls":
        return smtplib.SMTP_SSL(options.host, port, timeout=PATIENCE, context=trusted)
    server = smtplib.SMTP(options.host, port, timeout=PATIENCE)
    if options.encryption == "starttls":
        try:
            server.starttls(context=trusted)
        except BaseException:
            server.close()
            raise
    return server


def _why(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        words = said.decode(errors="replace") if isinstance(said, bytes) else said
        return f"the mail server answered {error.smtp_code}: {words}"
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return "the mail server refused every recipient"
    return str(error) or type(error).__name__


def _secrets(options: AlertOptions) -> tuple[str, ...]:
    """What must not be told: a webhook's address is its key."""
    if isinstance(options, EmailOptions):
        return () if options.password is None else (options.password.get_secret_value(),)
    if isinstance(options, WebhookOptions):
        url = httpx.URL(options.url.get_secret_value())
        return (str(url), url.raw_path.decode())
    return ()

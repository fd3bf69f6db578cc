"""The channels themselves: what is posted to Slack, what a mail server gets, what is refused."""

from __future__ import annotations

import socket
import ssl
from email import message_from_bytes, policy

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from typer.testing import CliRunner

from config.problems import ConfigurationError
from sync.cli import app as cli

MAIL = """\
  ops:
    type: email
    host: 127.0.0.1
    port: {port}
    from: tidesman@example.com
    to: [ops@example.com, shop@example.com]
    username: tidesman
    password: {{env: MAIL_PASSWORD}}
"""


CLEAR = """\
  ops: {type: email, host: x, from: a@x, to: b@x, encryption: none,
        username: u, password: {env: HOOK_URL}}
"""


class Box:
    """A mailbox; the right password is the canary."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, list[str], bytes]] = []
        self.encrypted: list[bool] = []

    async def handle_DATA(self, _server, session, envelope) -> str:  # noqa: N802 - its name there
        self.encrypted.append(session.ssl is not None)
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return "250 OK"

    def __call__(self, _server, _session, _envelope, _mechanism, data) -> AuthResult:
        return AuthResult(success=data.password == b"p-canary", handled=False)


@pytest.fixture
def mail(shop, monkeypatch, tmp_path):
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    monkeypatch.setenv("MAIL_PASSWORD", "p-canary")
    box = Box()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    encrypted = {"tls_context": context, "require_starttls": True}
    let_in = {"authenticator": box, "auth_required": True}
    server = Controller(box, "127.0.0.1", port, **encrypted, **let_in)
    server.start()
    shop.configure(MAIL.format(port=port))
    yield box
    server.stop()


def test_a_mail_goes_out_encrypted_and_once(shop, mail) -> None:
    shop.ran(stopped="klaviyo does not accept the key; mend it")
    assert [shop.tell(), shop.tell()] == [[], []]
    ((sender, recipients, content),) = mail.mails
    read = message_from_bytes(content, policy=policy.default)
    assert sender == "tidesman@example.com"
    assert recipients == ["ops@example.com", "shop@example.com"]
    assert read["Subject"] == "Tidesman: Wrong: klaviyo does not accept the key; mend it"
    assert "Wrong: klaviyo does not accept the key" in read.get_content()
    assert mail.encrypted == [True]


def test_a_certificate_that_nobody_vouches_for_is_refused(shop, mail, monkeypatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    shop.ran(stopped="klaviyo does not accept the key; mend it")
    (sentence,) = shop.tell()
    assert "CERTIFICATE_VERIFY_FAILED" in sentence
    assert mail.mails == []


@pytest.mark.usefixtures("mail")
def test_a_wrong_password_is_told_without_it(shop, monkeypatch) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", "wrong-canary")
    shop.ran(stopped="klaviyo does not accept the key; mend it")
    (sentence,) = shop.tell()
    assert "the mail server answered 535" in sentence
    assert "canary" not in sentence


def test_nobody_at_the_port_is_a_sentence(shop, monkeypatch) -> None:
    monkeypatch.setenv("HOOK_URL", "http://127.0.0.1:9/key-canary")
    shop.ran(stopped="klaviyo does not accept the key; mend it")
    (sentence,) = shop.tell()
    assert "onnect" in sentence
    assert "key-canary" not in sentence


def test_slack_gets_text_with_its_own_signs_escaped(shop, web) -> None:
    shop.configure("  team: {type: slack, url: {env: HOOK_URL}, title: Northwind}")
    shop.ran(stopped="klaviyo answered <none> & left")
    shop.tell()
    assert web.posted == [{"text": "Northwind\nWrong: klaviyo answered &lt;none&gt; &amp; left"}]


def test_check_sends_nothing_and_a_test_is_sent_on_request(shop, web, mail) -> None:
    hook = "  hook: {type: webhook, url: {env: HOOK_URL}}\n"
    text = (shop.folder / "tidesman.yaml").read_text()
    (shop.folder / "tidesman.yaml").write_text(text + hook)
    config = ("--config", str(shop.folder / "tidesman.yaml"))
    said = CliRunner().invoke(cli, ["check", "--json", *config]).stdout
    assert "not asked; to 127.0.0.1; try it by: tidesman alert --test" in said
    assert "not asked; by 127.0.0.1, recipients: 2" in said
    assert (web.posted, mail.mails) == ([], [])
    done = CliRunner().invoke(cli, ["alert", "--test", *config])
    assert (done.exit_code, len(web.posted), len(mail.mails)) == (0, 1, 1)
    assert "canary" not in said + done.output
    web.status = 404
    done = CliRunner().invoke(cli, ["alert", "--test", *config])
    assert (done.exit_code, "hook failed: 127.0.0.1 answered 404" in done.stderr) == (4, True)


@pytest.mark.parametrize(
    ("alerts", "sentence"),
    [
        ("  a: {type: pager}", "there is no channel 'pager'; there are email, slack"),
        ("  a: {type: slack, url: https://x.example/key}", "alerts.a.url: is a secret"),
        ("  a: {type: slack, url: {env: NOT_SET}}", "NOT_SET is not set"),
        ("  a: {type: slack, url: {env: KLAVIYO_API_KEY}}", "must be an address such as https"),
        ("  a: {type: email, host: x, from: me@x.example}", "alerts.a.to: is missing"),
        ("  a: {type: email, host: x, form: a@x, to: b@x}", "did you mean 'from'?"),
        ("  a: {type: email, host: x, from: me, to: you@x}", "must be an e-mail address such as"),
        ("  a: {type: email, host: x, from: a@x, to: b@x, username: u}", "username and password"),
        (CLEAR, "would send the password in the clear"),
    ],
)  # fmt: skip
def test_a_wrong_configuration_is_a_sentence(shop, alerts, sentence) -> None:
    shop.configure(alerts)
    with pytest.raises(ConfigurationError) as told, shop.app():
        pass
    assert sentence in str(told.value)
    assert "canary" not in str(told.value)

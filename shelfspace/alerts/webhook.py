"""Posting a text to a webhook in the form of Slack's incoming webhooks.

Source: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks, which Mattermost takes
too, and Discord where `/slack` is added to the address.
"""

import ipaddress
from pathlib import Path
from urllib.parse import urlsplit

import urllib3

from shelfspace.errors import SettingsError
from shelfspace.settings.alerts import Alerts

__all__ = ["post", "webhook_address"]

SECONDS = 10.0
"""For connecting and for the answer, each."""
ANSWER_BYTES = 300


def webhook_address(settings: Alerts, state: Path) -> str | None:
    """The address that alerts are posted to; None where nobody gave one.

    Args:
        settings: which file holds it.
        state: `state` of the workspace, whose `webhook.url` is the default.

    Raises:
        SettingsError: the file that is named is not there, or holds no usable address. The address itself,
            which is a secret, is not in the message.
    """
    path = Path(settings.webhook_file).expanduser() if settings.webhook_file else state / "webhook.url"
    if not path.is_file():
        if settings.webhook_file:
            raise SettingsError(
                "alerts.webhook_file",
                settings.webhook_file,
                "no such file; write the webhook's address into it",
            )
        return None
    lines = path.read_text().split()
    url = urlsplit(lines[0] if lines else "")
    if url.hostname is None or not (
        url.scheme == "https" or (url.scheme == "http" and _loopback(url.hostname))
    ):
        raise SettingsError(
            "alerts.webhook_file",
            str(path),
            "its first line is no https:// address (http:// is taken for this machine alone)",
        )
    return lines[0]


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def post(address: str, text: str) -> str:
    """Post a text; no redirect is followed, and nothing is tried twice.

    Returns:
        "" where it arrived, else why not; without the address.
    """
    host = urlsplit(address).hostname
    try:
        with urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(SECONDS, SECONDS)) as pool:
            answer = pool.request("POST", address, json={"text": text}, redirect=False, preload_content=False)
            said = answer.read(ANSWER_BYTES).decode(errors="replace").strip()
            answer.release_conn()
    except urllib3.exceptions.HTTPError as error:
        return f"{host} does not answer ({type(error).__name__})"
    if answer.status >= 300:
        return f"{host} answers {answer.status}: {said or 'nothing'}"
    return ""

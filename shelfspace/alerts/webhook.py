"""Posting a text to a webhook in the form of Slack's incoming webhooks.

Source: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks, which Mattermost takes
too, and Discord where `/slack` is added to the address.
"""

import ipaddress
import threading
from pathlib import Path
from urllib.parse import urlsplit

import urllib3

from shelfspace.errors import SettingsError
from shelfspace.settings.alerts import Alerts

__all__ = ["escaped", "post", "webhook_address"]

SECONDS = 10.0
"""For connecting, and for each piece of the answer to come."""
WHOLE_SECONDS = 30.0
"""For a post as a whole: a receiver that answers byte by byte keeps within the others for ever."""
ANSWER_BYTES = 300


def webhook_address(settings: Alerts, state: Path) -> str | None:
    """The address that alerts are posted to; None where nobody gave one.

    Args:
        settings: which file holds it.
        state: `state` of the workspace, whose `webhook.url` is the default.

    Raises:
        SettingsError: the file that is named is not there, cannot be read, or holds no usable address. The
            address itself, which is a secret, is not in the message.
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
    try:
        lines = path.read_text().split()
    except OSError as error:
        remedy = f"it cannot be read ({error.strerror}); give the daemon's user the right to read it"
        raise SettingsError("alerts.webhook_file", str(path), remedy) from error
    except ValueError:
        lines = []
    if not lines or not _usable(lines[0]):
        raise SettingsError(
            "alerts.webhook_file",
            str(path),
            f"the first line of {path.name} is no https:// address (http:// is taken for this machine alone)",
        )
    return lines[0]


def _usable(address: str) -> bool:
    try:
        url = urlsplit(address)
    except ValueError:
        return False
    return url.hostname is not None and (
        url.scheme == "https" or (url.scheme == "http" and _loopback(url.hostname))
    )


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def escaped(text: str) -> str:
    """A text that is shown as it stands: no name of a file or a product calls a channel or makes a link.

    Source: https://docs.slack.dev/messaging/formatting-message-text#escaping
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def post(address: str, text: str, seconds: float = WHOLE_SECONDS) -> str:
    """Post a text; no redirect is followed, and nothing is tried twice.

    Args:
        text: as the receiver marks it up; `escaped` for what others wrote.
        seconds: after which it counts as not arrived.

    Returns:
        "" where it arrived, else why not; without the address.
    """
    said: list[str] = []
    thread = threading.Thread(target=lambda: said.append(_post(address, text)), daemon=True)
    thread.start()
    thread.join(seconds)
    return said[0] if said else f"{urlsplit(address).hostname} has not answered in {seconds:.0f} seconds"


def _post(address: str, text: str) -> str:
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

"""The service: a release over HTTP. http -> endpoints -> serving -> api, auth, telemetry."""

import sys
from pathlib import Path

# `bentoml serve shelfspace:latest` tries the tag as a module first. Where the project is installed, that
# leaves the installed `shelfspace` loaded, which would answer beside the other packages of the Bento.
own = str(Path(__file__).parent.parent / "shelfspace")
if own not in getattr(sys.modules.get("shelfspace"), "__path__", [own]):
    sys.modules.pop("shelfspace")

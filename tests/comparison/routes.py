"""The plain GET routes, every file of the page, and media whole, scaled and in part."""

from tests.comparison.asking import Raw
from tests.comparison.catalogue import Catalogue

__all__ = ["routes"]

GETS = ("/", "/about", "/docs", "/docs.json", "/release", "/release/overview", "/release/map", "/metrics",
        "/healthz", "/livez", "/readyz", "/session", "/favicon.ico", "/product/p00017", "/static/app.js",
        "/static/words/zh.js", "/static/base.css", "/schema.json")  # fmt: skip
STATIC = ("about.js", "api.js", "app.js", "base.css", "card.js", "charts.js", "clips.js", "docs.js", "dom.js",
          "facets.js", "i18n.js", "icon.svg", "login.js", "pages.css", "player.js", "product.js", "query.js",
          "search.js", "shop.css", "state.js", "words/en.js", "words/zh.js")  # fmt: skip


def routes(catalogue: Catalogue) -> list[Raw]:
    """The plain GET routes, every file of the page, and some media whole, scaled and in part."""
    found = [Raw(f"route {path}/0", "GET", path) for path in GETS if path != "/metrics"]
    found += [Raw(f"route {path} head/0", "HEAD", path) for path in ("/", "/release", "/metrics", "/docs")]
    found += [Raw(f"static/{name}", "GET", f"/static/{name}") for name in STATIC]
    found.append(Raw("static zipped/app.js", "GET", "/static/app.js", None, {"accept-encoding": "gzip"}))
    for field_name in ("photos", "sounds"):
        keys = [key for p in catalogue.having(field_name)[:40] for key in p[field_name]][:12]
        for n, key in enumerate(keys):
            path = f"/media/{key}" + (f"?size={(160, 320, 640, 5)[n % 4]}" if n % 2 else "")
            found.append(Raw(f"media {field_name}/{n:02d}", "GET", path))
        for n, span in enumerate(("bytes=0-9", "bytes=-5", "bytes=9999999-", "lines=1-2")):
            if keys:
                found.append(
                    Raw(f"media {field_name} part/{n}", "GET", f"/media/{keys[0]}", None, {"range": span})
                )
    return found

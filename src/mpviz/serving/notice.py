"""Small pages sent instead of the dashboard: not allowed, not found, no place left.

Each is complete in itself: no scripts, and nothing more to load.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from markupsafe import escape

HEADERS = {
    "Content-Type": "text/html; charset=UTF-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self';"
        " frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
AGAIN = 10  # seconds after which a page that found no place reloads
ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cg "
    "fill='%231d5bb8'%3E%3Crect y='2' width='10' height='3' rx='1'/%3E%3Crect x='3' y='6.5' "
    "width='13' height='3' rx='1'/%3E%3Crect x='1' y='11' width='8' height='3' rx='1'/%3E%3C/g%3E"
    "%3C/svg%3E"
)
STYLE = """
:root { color-scheme: light dark; background: light-dark(#f5f6f8, #12161b);
  color: light-dark(#1a2230, #e8ecf2);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
body { margin: 0; padding: 1.5rem; min-height: 100dvh; box-sizing: border-box; display: grid;
  place-content: center; }
main { max-width: 34rem; padding: 1.5rem; border-radius: 0.5rem;
  background: light-dark(#ffffff, #1b2129); border: 1px solid light-dark(#dfe3e9, #353f4b); }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 0.75rem; text-wrap: balance; }
p { margin: 0.75rem 0 0; overflow-wrap: anywhere; }
p + p { color: light-dark(#55616f, #a5b0be); }
form { display: flex; flex-wrap: wrap; gap: 0.5rem; align-items: end; margin-top: 1rem; }
label { flex: 1 1 12rem; display: grid; gap: 0.25rem; font-size: 0.9375rem; }
input, button { font: inherit; padding: 0.375rem 0.75rem; border-radius: 0.5rem;
  min-height: 2.5rem; box-sizing: border-box; min-width: 0; }
input { background: light-dark(#ffffff, #1b2129); color: inherit;
  border: 1px solid light-dark(#86909d, #707c8a); }
button { border: 0; background: light-dark(#1d5bb8, #86b6ff); color: light-dark(#ffffff, #0d1726); }
:focus-visible { outline: 2px solid light-dark(#1d5bb8, #86b6ff); outline-offset: 2px; }
"""
FORM = """<form action="/" method="get">
<label>Token <input name="token" type="password" autocomplete="current-password" required></label>
<button>Open</button></form>"""


@dataclass(frozen=True, slots=True)
class Notice:
    """A small page: its status, its text, and further headers."""

    status: int
    title: str
    text: tuple[str, ...] = ()
    form: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def page(self) -> str:
        """Its HTML."""
        again = self.headers.get("Retry-After")
        refresh = f'<meta http-equiv="refresh" content="{again}">' if again else ""
        said = "".join(f"<p>{escape(line)}</p>" for line in self.text)
        return (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f'<link rel="icon" href="{ICON}">{refresh}'
            f"<title>mpviz: {escape(self.title)}</title><style>{STYLE}</style></head>"
            f'<body><main role="main"><h1>{escape(self.title)}</h1>{said}'
            f"{FORM if self.form else ''}</main></body></html>"
        )


WRONG_HOST = Notice(
    403,
    "Not under this name",
    (
        "This server is not known under the name or address that you used.",
        "Whoever runs it can add a name: mpviz serve --host NAME.",
    ),
)
WRONG_ORIGIN = Notice(
    403,
    "Not from another site",
    ("The request came from another site's page. Only this site's own page may ask.",),
)
NO_TOKEN = Notice(
    403,
    "This page needs its token",
    (
        "Open the whole address that you were given, with ?token=… at its end, or type the token.",
        "The server printed it when it was started.",
    ),
    form=True,
)
NOT_FOUND = Notice(404, "Nothing here", ("There is one page, at /",))

TOO_MANY_GUESSES = Notice(
    429,
    "Too many wrong tokens",
    ("Too many wrong tokens came from your address. Wait a moment, then try again.",),
    form=True,
)
BAD_ADDRESS = Notice(
    400, "Not a valid address", ("It is too long, or has characters that no address has.",)
)
BAD_SOCKET = Notice(
    400,
    "Not a valid websocket",
    ("It must speak v1.kernel.websocket.jupyter.org and name its session.",),
)
# For clients that may not come in: these replies are delayed if there are many.
RATE_LIMITED = (WRONG_HOST, WRONG_ORIGIN, NO_TOKEN, TOO_MANY_GUESSES, BAD_ADDRESS)

TOO_MANY = Notice(429, "Too many connections", ("This page has as many as a page may have.",))
FAILED = Notice(
    500,
    "The page could not be made",
    ("Python did not start for it, or ended too soon. Reload the page in a while.",),
)


def no_place(open_pages: int) -> Notice:
    """The notice that all places are taken.

    Parameters
    ----------
    open_pages
        How many pages are open, each with a Python process behind it.
    """
    pages = f"{open_pages} pages are open, each with a Python process behind it,"
    if open_pages == 1:
        pages = "One page is open, with a Python process behind it,"
    again = f"This page tries again every {AGAIN} seconds, by itself."
    return Notice(
        503,
        "All places are taken",
        (
            f"{pages} and this server runs no more.",
            f"A place is free as soon as one of them is closed. {again}",
        ),
        headers={"Retry-After": str(AGAIN)},
    )

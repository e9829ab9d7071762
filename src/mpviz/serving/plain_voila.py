"""Protects a plain `voila dashboard.ipynb` from requests that other sites' pages make.

Voila asks its identity provider before it does anything for a request, starting a kernel included.
`voila.json` beside the notebook names ours; Voila reads that file only from the current folder.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import tornado.web
from jupyter_server.auth.identity import PasswordIdentityProvider

from mpviz.serving.door import Door, reply
from mpviz.serving.options import ServeOptions, names


class Doorkeeper(PasswordIdentityProvider):
    """Jupyter's identity provider, but it refuses a wrong Host and other sites' pages."""

    @cached_property
    def _door(self) -> Door:
        app: Any = self.parent
        return Door(ServeOptions(app.port, ip=app.ip, hosts=frozenset(names(app.ip))))

    def get_user(self, handler: Any) -> Any:
        """The user, unless the request is refused."""
        refusal = self._door.foreign(handler.request)
        if refusal is not None:
            reply(handler, refusal)
            raise tornado.web.Finish
        return super().get_user(handler)

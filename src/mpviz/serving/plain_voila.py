"""Part of our door for a plain `voila dashboard.ipynb`: no other site may press it.

Voila asks its identity provider who comes before it does anything for a request, also before it
starts a kernel; `voila.json` beside the notebook names this one. Voila reads that file where it is
started in its folder, and nowhere else.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import tornado.web
from jupyter_server.auth.identity import PasswordIdentityProvider

from mpviz.serving.door import Door, say
from mpviz.serving.options import Place, names


class Doorkeeper(PasswordIdentityProvider):
    """Jupyter's, which refuses who asks under another name or from another site's page."""

    @cached_property
    def _door(self) -> Door:
        app: Any = self.parent
        return Door(Place(app.port, ip=app.ip, hosts=frozenset(names(app.ip))))

    def get_user(self, handler: Any) -> Any:
        """Who it is, if it may be here at all."""
        refusal = self._door.foreign(handler.request)
        if refusal is not None:
            say(handler, refusal)
            raise tornado.web.Finish
        return super().get_user(handler)

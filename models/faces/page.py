"""The page in which a generator draws faces: one HTML file that asks no host for anything."""

import base64
import hashlib
import html
import json
import re
from importlib.resources import files

from models.faces.kernel import program_for
from models.faces.weights import FaceModel

_SCRIPTS = (
    *("elements", "state", "history", "faces", "swatches", "controls", "film", "pairs"),
    *("favourites", "png", "gif", "save", "main"),  # the last one starts it
)


def face_page(model: FaceModel, *, title: str, credit: str) -> str:
    """Makes the page of a generator. Names of attributes and values, title and credit are text in it.

    Args:
        model: the generator.
        title: of the page, one line.
        credit: whom to credit, with the licence; written at the foot of the page and into every picture. May be empty.

    Returns:
        HTML that needs nothing but a browser. Its policy allows its own script and style, known by their hashes, and
        pictures that it makes itself; it allows no connection.
    """
    kernel = program_for(model)
    data = {
        "title": title,
        "credit": credit.strip(),
        "description": model.for_page,
        "kernelDigest": hashlib.sha256(kernel).hexdigest()[:16],
    }
    style, script = _read("web/page.css"), script_of_page()
    parts = {
        "POLICY": _policy(style, script),
        "TITLE": html.escape(title),
        "STYLE": style,
        # in a script element only "<" could end the data
        "DATA": json.dumps(data).replace("<", "\\u003c"),
        "KERNEL": base64.b64encode(kernel).decode(),
        "WEIGHTS": base64.b64encode(model.halves).decode(),
        "SCRIPT": script,
    }
    # in one pass, because the parts may hold such names, too
    return re.sub("@([A-Z]+)@", lambda match: parts[match[1]], _read("web/page.html"))


def script_of_page() -> str:
    """The whole script: strict, with the engine first."""
    return "\n".join(['"use strict";', _read("engine.js"), *(_read(f"web/{name}.js") for name in _SCRIPTS)])


def _read(name: str) -> str:
    return (files("models.faces") / name).read_text("utf-8")


def _policy(style: str, script: str) -> str:
    """The Content-Security-Policy, https://www.w3.org/TR/CSP3/."""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src '{_hash(script)}' 'wasm-unsafe-eval'",
            f"style-src '{_hash(style)}'",
            "img-src data: blob:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

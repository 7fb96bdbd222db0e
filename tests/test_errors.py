"""Every sentence that tells a user what is wrong also says what to do."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("eightytwenty", "models", "reports", "schemas", "tasks", "flows")
# a word that asks for something, or names of variables that hold such a sentence or list what there is
REMEDY = re.compile(
    r"\b(ask|begin|change|check|choose|clean|correct|delete|do not|download|free|give|infer|install|leave|make|move|"
    r"name|pack|put|remove|rename|repeat|replace|run|save|see|set|shorten|split|start|stop|train|uninstall|unpack|use|write)\b"
    r"|it has|last|nearest_names|_model_names|remedy|meant|hint|_INSTALL",
    re.IGNORECASE,
)
# their sentences are made by others: pydantic, the reader of YAML, another process, the caller
MADE_ELSEWHERE = {
    "eightytwenty/cli.py",
    "eightytwenty/schema_file.py",
    "eightytwenty/tables.py",
    "flows/clean_inbox.py",
    "flows/forms.py",
    "flows/retraining.py",
    "tasks/running/confined.py",
}


def sentences() -> Iterator[tuple[str, str]]:
    """The file, and the source of the text, of each error that a user can fix."""
    for package in PACKAGES:
        for file in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and node.args and ast.unparse(node.func) in {"UserError", "RefusedError"}:
                    yield file.relative_to(ROOT).as_posix(), ast.unparse(node.args[0])


def test_each_says_what_to_do() -> None:
    found = list(sentences())
    assert len(found) > 200
    silent = [(file, text) for file, text in found if not REMEDY.search(text)]
    assert [one for one in silent if one[0] not in MADE_ELSEWHERE] == []
    assert {file for file, _ in silent} == MADE_ELSEWHERE

"""Parameters as a form: Prefect makes one from the signature of a flow, with a field for each of its arguments."""

import inspect
from typing import Annotated, Any

from pydantic import Field
from pydantic.fields import FieldInfo

from schemas.parameters.base import InForm, Parameters, title_of


def form_signature(form: type[Parameters]) -> inspect.Signature:
    """The signature of a flow with these parameters, one argument each.

    The form shows them in this order: first those that must be filled in, then those that the class itself declares.
    """
    own = form.__annotations__
    fields = sorted(form.model_fields.items(), key=lambda item: (not item[1].is_required(), item[0] not in own))
    return inspect.Signature([_argument(name, field) for name, field in fields])


def _argument(name: str, field: FieldInfo) -> inspect.Parameter:
    notes = [note.text for note in field.metadata if isinstance(note, InForm)]
    shown: Any = Field(
        default=field.default,
        description="; ".join([field.description or "", *notes]),
        json_schema_extra={"title": field.title or title_of(name)},
    )
    constraints = [each for each in field.metadata if not isinstance(each, InForm)]
    annotation = Annotated[(field.annotation, *constraints)] if constraints else field.annotation
    return inspect.Parameter(field.alias or name, inspect.Parameter.KEYWORD_ONLY, default=shown, annotation=annotation)

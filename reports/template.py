"""HTML pages from Jinja templates. A template is a file beside the code that fills it in."""

from pathlib import Path


def render_page(template: Path, **values: object) -> str:
    """Fills in a template whose values may come from data, such as column names and cells.

    Args:
        template: the Jinja file; it may include others of its folder.
        values: what the template names.

    Returns:
        The page. Every value is escaped, so none of it can become markup or run; characters that act are made visible.

    Raises:
        jinja2.UndefinedError: the template names something that `values` lacks.
        jinja2.TemplateNotFound: there is no such file.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from eightytwenty.printable import visible

    environment = Environment(
        loader=FileSystemLoader(template.parent),
        autoescape=True,
        undefined=StrictUndefined,
        # what a macro returns is markup, a subclass of str
        finalize=lambda value: visible(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template.name).render(values)

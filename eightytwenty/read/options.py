"""What a person says of a file, in place of what would be detected."""

import codecs
from dataclasses import dataclass, fields

NO_HEADER = "none"


@dataclass(frozen=True)
class ReadOptions:
    """How the files of a source are to be read; what is None is detected.

    Args:
        encoding: of a text, as Python names it. A byte order mark says more than this.
        delimiter: of a text, one character or `tab`.
        quote: of a text, one character, or `none`.
        header: the number of the line (of a sheet, the row) with the names of the columns, or `NO_HEADER`.
        decimal: the mark before the fraction of a number, a comma or a point; the other one and spaces make groups.
        sheet: the name of the one sheet of a workbook, or table of a database, to read.
        query: of a database, in its SQL.
    """

    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    header: str | None = None
    decimal: str | None = None
    sheet: str | None = None
    query: str | None = None

    def __post_init__(self) -> None:
        if self.encoding is not None:
            try:
                object.__setattr__(self, "encoding", codecs.lookup(self.encoding).name)
            except LookupError:
                raise ValueError(
                    f"{self.encoding} is no encoding; give one such as utf-8, cp1252 or shift_jis"
                ) from None
        if self.delimiter is not None:
            object.__setattr__(self, "delimiter", "\t" if self.delimiter in {"tab", "\\t"} else self.delimiter)
        if self.quote is not None:
            object.__setattr__(self, "quote", "" if self.quote == "none" else self.quote)
        for name, length in (("delimiter", 1), ("quote", 0)):
            value = getattr(self, name)
            if value is not None and not (length <= len(value) <= 1 and value.isascii() and value not in {"\n", "\r"}):
                raise ValueError(f"{value!r} is no {name}; give one character of ASCII")
        if self.header is not None and self.header != NO_HEADER and not (self.header.isdecimal() and int(self.header)):
            raise ValueError(f"{self.header} is no header; give the number of its line, or {NO_HEADER}")
        if self.decimal not in {None, ",", "."}:
            raise ValueError(f"{self.decimal} is no decimal mark; give a comma or a point")

    @property
    def is_text(self) -> bool:
        """Whether they say how a delimited text is written, so that it cannot be JSON."""
        return any(value is not None for value in (self.delimiter, self.quote, self.header))

    def over(self, other: "ReadOptions") -> "ReadOptions":
        """These options, and those of the other where there is none."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return ReadOptions(**{name: getattr(other, name) if value is None else value for name, value in values.items()})

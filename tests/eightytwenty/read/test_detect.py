"""However a text is written, its cells are read as they are meant."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from eightytwenty.errors import UserError
from eightytwenty.read.any_table import AnyTable
from eightytwenty.read.delimited import _is_special
from eightytwenty.read.detect import detect
from eightytwenty.read.dialect import Dialect
from eightytwenty.read.encoding import detect_encoding
from eightytwenty.read.options import ReadOptions
from eightytwenty.read.reader import read_batches
from eightytwenty.read.source import open_source
from eightytwenty.schema import Column, Table
from schemas.pairs import pairs_table

NUMBERS = [(n, n * 3_700 % 50_021, n * 3_700 % 50_021 + n) for n in range(985, 1_014)]  # a, b and their sum
ROWS = [(str(n), str(b), str(total)) for n, b, total in NUMBERS]


def text(template, header="a,b,sum", end="\n"):
    return end.join([header, *(template.format(*row, number) for number, row in enumerate(ROWS))]) + end


def read(tmp_path, content, piece=None):
    (tmp_path / "x.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    source = open_source(tmp_path / "x.csv", pairs_table())
    batches = list(read_batches(source.files, ["a", "b", "sum"], piece))
    rows = pl.concat(batch.cells for batch in batches).rows()
    problems = [problem for batch in batches for problem in batch.problems.to_list()]
    lines = [int(line) for batch in batches for line in batch.lines]
    return source.files[0], rows, problems, lines


FORMS = {
    "a line for Excel": text("{};{};{}", "sep=;\na;b;sum"),
    "a line for Excel with a mark": "\ufeff" + text("{},{},{}", "sep=,\na,b,sum"),
    "comments": text("{},{},{}", "# by logger 3\n# north, pier\na,b,sum"),
    "a title, a blank line": text("{},{},{}", "Report,Daily\nGenerated,2026-01-03 10:00\n\na,b,sum"),
    "groups above the header": text("{},{},{}", "first,,both\na,b,sum"),
    "a delimiter at the end of the records": text("{},{},{},"),
    "a delimiter at the end of all lines": text("{},{},{},", "a,b,sum,"),
    "a delimiter at the end of the header": text("{},{},{}", "a,b,sum,"),
    "row names": text("{3},{0},{1},{2}"),
    "row names as R writes them": text('"{3}" {0} {1} {2}', '"a" "b" "sum"'),
    "aligned by spaces": text("{:>6}{:>6} {:>9}", "     a     b       sum"),
    "carets": text("{}^{}^{}", "a^b^sum"),
    "a table in Markdown": text("| {} | {} | {} |", "| a | b | sum |\n|---:|:--:|---|"),
    "a table of psql": text(" {:>3} | {:>4} | {:>5}", "  a  |  b   |  sum  \n-----+------+-------"),
    "single quotes": text("'{}','{}','{}'", "'a','b','sum'"),
    "quotes after spaces": text('"{}", "{}", "{}"', '"a", "b", "sum"'),
    "quotes around lines": text('"{},{},{}"', '"a,b,sum"'),
    "quotes around lines and cells": text('"{},""{}"",{}"', '"a,b,sum"'),
    "a header of several lines": text('{},"x",{},{}', 'a,"a note\nof ""three""\nlines",b,sum'),
    "a header that ends in several lines": text('{},{},{},"x"', 'a,b,sum,"a note\r\nof two"', "\r\n"),
    "cells of several lines": text('{},{},"{}",one', "a,b,sum,note").replace("one", '"one\r\n\n""two"",\nthree"'),
    "escaped quotes": text('"say \\"yes\\", ok",{},{},{}', "note,a,b,sum"),
    "inches": text('5" pipe,{},{},{}', "note,a,b,sum"),
    "line ends twice": text("{},{},{}", end="\r\r\n"),
    "a header that ends in CR": text("{};{};{}", "a;b;sum").replace("\n", "\r", 1),
    "the end of file of DOS": text("{},{},{}", end="\r\n") + "\x1a",
    "several marks": "\ufeff\ufeff" + text("{},{},{}"),
    "invisible characters in the header": text("{},{},{}", "a\xa0,\u200bb,\u200eSum\xad"),
    "other dashes and spaces in the header": text("x,{},{},{}", "RECORD\u2010ID,A , b,SUM"),
    "a name in two cases": text("{},x,{},{}", "a,A,b,sum"),
}


def meant(rows):
    return [tuple(cell.strip() for cell in row) for row in rows]


@pytest.mark.parametrize("name", FORMS)
def test_the_cells_are_read_as_they_are_meant(tmp_path, name):
    for piece in (None, 1, 50):
        _, rows, problems, _ = read(tmp_path, FORMS[name], piece)
        assert meant(rows) == ROWS
        assert set(problems) == {None}


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("mark", ["\ufeff", ""])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_wide_characters_with_a_mark_and_without(tmp_path, encoding, mark, end):
    file, rows, _, lines = read(tmp_path, (mark + text("{};{};{}", "Größe;;\na;b;sum", end)).encode(encoding))
    assert meant(rows) == ROWS
    assert file.format.encoding.name == encoding
    assert lines == list(range(3, 32))


SAMPLES = {
    "koi8_r": "имя,сумма\nПетров Иван,1\nСидорова Анна,2\n",
    "cp1251": "имя,сумма\nПетров Иван,1\nСидорова Анна,2\n",
    "cp866": "имя,сумма\nПетров Иван,1\n",
    "gb18030": "编号,姓名,备注\n1,王小明,这是一个测试\n",
    "cp949": "이름,나이\n홍길동,30\n안녕하세요 세계,2\n",
    "cp932": "名前,値\n日本語テスト,2\n東京都,3\n",
    "euc_jp": "名前,値\n日本語テスト,2\n東京都,3\nカタカナ,4\n",
    "big5": "姓名,備註\n王小明,這是一個測試\n",
    "cp1252": "Größe,£\ncafé – «naïve»,£5\nÜBUNG,5\n",
    "cp1250": "imię,miasto\nŁukasz,Łódź\nŻaneta,Świętochłowice\nPaweł,Gdańsk\n",
    "cp1253": "όνομα,τιμή\nΓιώργος,1\nΜαρία Παπαδοπούλου,2\n",
    "cp1254": "isim,şehir\nAyşe,İstanbul\nÇağrı,Eskişehir\nGülşen,Muğla\n",
    "cp1255": "שם,עיר\nדוד,ירושלים\n",
    "cp1256": "اسم,مدينة\nمحمد,القاهرة\n",
    "cp874": "ชื่อ,เมือง\nสมชาย,กรุงเทพ\n",
}


@pytest.mark.parametrize("encoding", SAMPLES)
def test_encodings_before_unicode_are_guessed_by_what_is_usual(encoding):
    guess = detect_encoding(SAMPLES[encoding].encode(encoding))
    assert (guess.name, guess.is_guess) == (encoding, True)
    assert detect_encoding((SAMPLES[encoding] * 20_000).encode(encoding)).name == encoding


def test_an_encoding_in_which_all_lines_are_regular_wins(tmp_path):
    # 亅 is 0x81 0x7C in GB18030, and 0x7C alone is the delimiter
    _, rows, problems, _ = read(tmp_path, text("{}|{}|豞亅|{}", "a|b|名前|sum").encode("gb18030"))
    assert rows == ROWS
    assert set(problems) == {None}


def test_line_ends_of_all_kinds_in_one_file(tmp_path):
    ends = ["\r\n", "\r", "\n", "\r\r\n"]
    mixed = "a,b,sum\r\n" + "".join(",".join(row) + ends[n % 4] for n, row in enumerate(ROWS))
    for piece in (None, 1, 64):
        _, rows, _, lines = read(tmp_path, mixed, piece)
        assert rows == ROWS
        assert lines == list(range(2, 31))


def test_a_carriage_return_within_a_cell_ends_no_record(tmp_path):
    _, rows, problems, _ = read(tmp_path, 'a,b,sum,note\n1,2,3,"x\ry"\n4,5,9,x\ry\n6,7,13,x\n')
    assert problems == [None] * 3
    assert [row[0] for row in rows] == ["1", "4", "6"]


def test_one_damaged_line_harms_no_other(tmp_path):
    lines = [b",".join(cell.encode() for cell in row) for row in ROWS]
    lines[3], lines[5] = b"4,\x009,9", b"6,\xff,1"
    _, rows, problems, _ = read(tmp_path, b"a,b,sum\n" + b"\n".join(lines) + b"\n" + bytes(5_000))
    assert [at for at, problem in enumerate(problems) if problem] == [3, 5, len(ROWS)]
    assert [problems[at] for at in (3, 5, -1)] == ["NUL character", "undecodable bytes", "row cut off"]
    assert [row for row, problem in zip(rows, problems, strict=True) if not problem] == [*ROWS[:3], ROWS[4], *ROWS[6:]]


def test_characters_that_are_none_do_no_harm_where_nothing_is_read(tmp_path):
    content = text("caf\xe9 {0},{0},{1},{2}", "note,a,b,sum").encode("cp1252") + "café,5,6,11\n".encode() * 500
    _, rows, problems, _ = read(tmp_path, content)
    assert rows[: len(ROWS)] == ROWS
    assert set(problems) == {None}


def test_a_header_that_comes_again_in_another_order_holds_from_there(clean_source):
    content = b"a,b,sum\n1,2,3\na,b,sum\n2,2,4\nsum,a,b\n9,4,5\n8,,4\n10,6,4\n"
    for piece in (None, 1, 20):
        cleaned = clean_source(content, piece=piece)
        assert cleaned["clean"].select("a", "b", "sum").rows() == [
            (1, 2, 3),
            (2, 2, 4),
            (4, 5, 9),
            (4, 4, 8),
            (6, 4, 10),
        ]
        assert cleaned["quarantine"]["rules"].to_list() == [["repeated header"]] * 2
    # what is quarantined can be sent again
    again = clean_source(cleaned.folder / "quarantine" / "pairs.csv")
    assert again.summary.rows == 2


@pytest.mark.parametrize("last", ["Total,12,15,27", ",12,15,27,Sum:", " TOTAL ,12,15,27", "合計,12,15,27"])
def test_a_total_at_the_end_is_no_row(clean_source, last):
    header = "record_id,a,b,sum" + (",note" if last.endswith(":") else "")
    more = "," if last.endswith(":") else ""
    lines = [header, f"x1,4,5,9{more}", f"Total,8,10,18{more}", last]
    cleaned = clean_source("\n".join(lines).encode())
    assert cleaned["clean"]["record_id"].to_list() == ["x1", "Total"]  # only the last record sums up the others
    assert cleaned["quarantine"]["rules"].to_list() == [["total row"]]
    assert cleaned["quarantine"]["original"].to_list() == [last.encode()]
    group = clean_source("\n".join([*lines[:2], f"x2,4,5,9{more}", "x3,1,1,2" + more.replace(",", ",Total")]).encode())
    assert group.summary.clean == 3


def test_a_total_above_a_note_is_no_row(clean_source):
    lines = ["record_id,a,b,sum", "x1,4,5,9", "x2,1,1,2", "Total,5,6,11", "figures of the first quarter"]
    cleaned = clean_source("\n".join(lines).encode())
    assert cleaned["clean"]["record_id"].to_list() == ["x1", "x2"]
    assert cleaned["quarantine"]["rules"].to_list() == [["total row"], ["row cut off"]]


def test_an_id_that_no_row_has_is_not_missing(clean_source):
    cleaned = clean_source(b"record_id,a,b,sum\n,1,2,3\n,4,5,9\n")
    assert cleaned["clean"]["record_id"].to_list() == [None, None]
    some = clean_source(b"record_id,a,b,sum\nx,1,2,3\n,4,5,9\n")
    assert some["quarantine"]["rules"].to_list() == [["missing cell"]]


def test_decimal_commas_between_commas_are_no_row_names(tmp_path):
    content = "a,b,sum\n" + "".join(f"{n},50,1,{n}\n" for n in range(1, 30))
    assert set(read(tmp_path, content)[2]) == {"too many cells"}


def test_what_is_known_comes_before_what_is_seen(tmp_path):
    def read_as(content, **options):
        return detect(content, "x.csv", replace(pairs_table(), read=ReadOptions(**options)))

    plain = b"a,b,sum\n1,2,3\n"
    assert read_as(plain, encoding="koi8-r").encoding.name == "koi8-r"
    assert read_as(b"a:b:sum\n1:2:3\n", delimiter=":").dialect.delimiter == ":"
    assert read_as(b"a\tb\tsum\n1\t2\t3\n", delimiter="tab").header == ("a", "b", "sum")
    assert read_as(b"a,b,sum\n1,2,3\na,b,sum\n1,2,3\n", header="3").first_line == 4
    assert read_as(b"x,1,2,3\ny,1,2,3\n", header="none").columns == {"record_id": 0, "a": 1, "b": 2, "sum": 3}
    assert read_as(plain, quote="none").dialect.quote == ""
    with pytest.raises(UserError, match="no header in line 9"):
        read_as(plain, header="9")
    with pytest.raises(UserError, match="no column a or b or sum"):
        read_as(b"1,2\n", header="none")


@pytest.mark.parametrize(
    "wrong",
    [
        {"encoding": "klingon"},
        {"delimiter": ",,"},
        {"delimiter": "\n"},
        {"quote": "ab"},
        {"header": "0"},
        {"decimal": "x"},
    ],
)
def test_what_cannot_be_known_is_refused(wrong):
    with pytest.raises(ValueError, match="give"):
        ReadOptions(**wrong)


@pytest.mark.parametrize("table", [Table("x", (Column("id", "text"), Column("name", "text"))), AnyTable(ReadOptions())])
def test_tabs_divide_a_table_whose_title_has_as_many_words(tmp_path, table):
    (tmp_path / "x.csv").write_text("A title\n\nid\tname\t\n0\tx\t\n")
    (file,) = open_source(tmp_path / "x.csv", table).files
    assert (file.format.dialect.delimiter, list(file.columns)) == ("\t", ["id", "name"])


def test_a_table_of_one_column_has_no_delimiter(clean_source):
    table = Table("words", (Column("word", "text"),))
    cleaned = clean_source(b"word\ntwo words\nthree small words\nfour\n", table=table)
    assert cleaned["clean"]["word"].to_list() == ["two words", "three small words", "four"]


def test_plain_lines_are_split_at_their_delimiters_alone():
    special = _is_special(np.arange(128, dtype=np.uint8), Dialect(","))
    assert np.flatnonzero(special).tolist() == [0, ord('"')]

"""Names of months in the larger languages of Europe, as the CLDR has them in dates, and how they are misspelled.

No word is one month in one of these languages and another month in another one, so that a word tells the month before
the language of its column is known. English comes first: where a word is of several languages, it is the usual one.
"""

import re
from collections.abc import Callable
from functools import lru_cache

_TEXTS = {
    "en": """January February March April May June July August September October November December
        Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec""",
    "de": """Januar Februar März April Mai Juni Juli August September Oktober November Dezember
        Jan Feb Mär Apr Mai Jun Jul Aug Sep Okt Nov Dez""",
    "fr": """Janvier Février Mars Avril Mai Juin Juillet Août Septembre Octobre Novembre Décembre
        Janv Févr Mars Avr Mai Juin Juil Août Sept Oct Nov Déc""",
    "es": """Enero Febrero Marzo Abril Mayo Junio Julio Agosto Septiembre Octubre Noviembre Diciembre
        Ene Feb Mar Abr May Jun Jul Ago Sep Oct Nov Dic""",
    "it": """Gennaio Febbraio Marzo Aprile Maggio Giugno Luglio Agosto Settembre Ottobre Novembre Dicembre
        Gen Feb Mar Apr Mag Giu Lug Ago Set Ott Nov Dic""",
    "pt": """Janeiro Fevereiro Março Abril Maio Junho Julho Agosto Setembro Outubro Novembro Dezembro
        Jan Fev Mar Abr Mai Jun Jul Ago Set Out Nov Dez""",
    "nl": """Januari Februari Maart April Mei Juni Juli Augustus September Oktober November December
        Jan Feb Mrt Apr Mei Jun Jul Aug Sep Okt Nov Dec""",
    "pl": """Stycznia Lutego Marca Kwietnia Maja Czerwca Lipca Sierpnia Września Października Listopada Grudnia
        Sty Lut Mar Kwi Maj Cze Lip Sie Wrz Paź Lis Gru""",
    "sv": """Januari Februari Mars April Maj Juni Juli Augusti September Oktober November December
        Jan Feb Mar Apr Maj Jun Jul Aug Sep Okt Nov Dec""",
    "da": """Januar Februar Marts April Maj Juni Juli August September Oktober November December
        Jan Feb Mar Apr Maj Jun Jul Aug Sep Okt Nov Dec""",
    "no": """Januar Februar Mars April Mai Juni Juli August September Oktober November Desember
        Jan Feb Mar Apr Mai Jun Jul Aug Sep Okt Nov Des""",
    "ru": """Января Февраля Марта Апреля Мая Июня Июля Августа Сентября Октября Ноября Декабря
        Янв Фев Мар Апр Мая Июн Июл Авг Сен Окт Ноя Дек""",
}
# language -> directive -> the names in title case
MONTHS = {
    language: {"B": tuple(words[:12]), "b": tuple(words[12:])}
    for language, words in ((language, text.split()) for language, text in _TEXTS.items())
}
_VARIANTS = {
    "mrz": "mär",
    "maerz": "märz",
    "fevr": "févr",
    "fevrier": "février",
    "aout": "août",
    "decembre": "décembre",
    "setiembre": "septiembre",
    "marco": "março",
    "wrzesnia": "września",
    "pazdziernika": "października",
}
_WORD = re.compile(r"[^\W\d_]{3,}")


def cased(name: str, like: str) -> str:
    """A name in the letter case of another word: in small letters, in capitals, or with the first letter as one.

    >>> cased("march", "MAI"), cased("march", "mai"), cased("march", "Mai")
    ('MARCH', 'march', 'March')
    """
    change: Callable[[str], str] = str.lower if like.islower() else str.upper if like.isupper() else str.title
    return change(name)


def _languages() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for language, names in MONTHS.items():
        for name in dict.fromkeys((*names["B"], *names["b"])):
            found[name.lower()] = (*found.get(name.lower(), ()), language)
    return found


LANGUAGES = _languages()  # a name in small letters -> the languages that have it
# in small letters: whatever may be the name of a month in another language than English
FOREIGN = sorted({name for name, languages in LANGUAGES.items() if "en" not in languages} | set(_VARIANTS))


def standard(text: str) -> str:
    """A text with the usual spelling of the month in it.

    >>> standard("5. Mrz 2024"), standard("5 AOUT 2024"), standard("5 May 2024")
    ('5. Mär 2024', '5 AOÛT 2024', '5 May 2024')
    """

    def spell(word: re.Match[str]) -> str:
        usual = _VARIANTS.get(word[0].lower())
        return cased(usual, word[0]) if usual else word[0]

    return _WORD.sub(spell, text)


@lru_cache(maxsize=10_000)
def languages_of(text: str) -> tuple[str, ...]:
    """The languages that the month in a text may be of; none if it names no month.

    >>> languages_of("0. Januar 0000"), languages_of("0 maj 0000"), languages_of("00:00")
    (('de', 'da', 'no'), ('pl', 'sv', 'da'), ())
    """
    return next(filter(None, (LANGUAGES.get(word.lower(), ()) for word in _WORD.findall(text))), ())


def in_english(text: str, language: str) -> tuple[str, str]:
    """A text with the month in it in English; and the directive of its name, B where the short name is the whole one.

    >>> in_english("0 DE ABRIL DE 0000", "es"), in_english("0 okt 00", "nl"), in_english("0 mei 00", "nl")
    (('0 DE APRIL DE 0000', 'B'), ('0 oct 00', 'b'), ('0 may 00', 'B'))
    """
    for word in _WORD.findall(text):
        for directive, names in MONTHS[language].items():
            months = [name.lower() for name in names]
            if word.lower() in months:
                english = MONTHS["en"][directive][months.index(word.lower())]
                return text.replace(word, cased(english, word), 1), directive
    return text, ""

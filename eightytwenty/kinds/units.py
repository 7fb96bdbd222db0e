"""Units and currencies that stand beside numbers, and the spellings that each of them has.

Only labels that are hardly ever anything else: a lone letter behind a number is more often part of a code (35001C) than
a unit, so that one counts only with a space before it.
"""

import re
import unicodedata
from functools import cache

# the spellings of each unit, in lower case without a point at the end; the first is the usual one
_SPELLINGS = (
    ("kg", "kgs", "kilo", "kilos", "kilogram", "kilograms"),
    ("g", "gr", "gram", "grams"),
    ("mg", "milligram", "milligrams"),
    ("lb", "lbs", "pound", "pounds"),
    ("oz", "ounce", "ounces"),
    ("t", "ton", "tons", "tonne", "tonnes"),
    ("m", "meter", "meters", "metre", "metres"),
    ("cm", "centimeter", "centimeters", "centimetre", "centimetres"),
    ("mm", "millimeter", "millimeters", "millimetre", "millimetres"),
    ("km", "kilometer", "kilometers", "kilometre", "kilometres"),
    ("mi", "mile", "miles"),
    ("ft", "foot", "feet"),
    ("in", "inch", "inches"),
    ("yd", "yard", "yards"),
    ("l", "liter", "liters", "litre", "litres"),
    ("ml", "milliliter", "milliliters", "millilitre", "millilitres"),
    ("cl",),
    ("gal", "gallon", "gallons"),
    ("m2", "m²", "sqm"),
    ("sqft", "sq ft", "ft2", "ft²"),
    ("ha", "hectare", "hectares"),
    ("acres", "acre"),
    ("km/h", "kmh", "kph"),
    ("mph",),
    ("m/s",),
    ("°C", "°c", "degc"),
    ("°F", "°f", "degf"),
    ("°", "deg", "degrees"),
    ("k", "kelvin"),
    ("w", "watt", "watts"),
    ("kw", "kilowatt", "kilowatts"),
    ("mw", "megawatt", "megawatts"),
    ("kwh",),
    ("mwh",),
    ("v", "volt", "volts"),
    ("mah",),
    ("hz",),
    ("khz",),
    ("mhz",),
    ("ghz",),
    ("b", "bytes"),
    ("kb",),
    ("mb",),
    ("gb",),
    ("tb",),
    ("bpm",),
    ("px", "pixel", "pixels"),
    ("pcs", "pc", "piece", "pieces"),
    ("cal",),
    ("kcal",),
    ("kj",),
    ("hp",),
    ("psi",),
    ("hpa",),
    ("ppm",),
    ("db",),
)
# units of one quantity, by their usual spelling, in which the values of one column may be
_QUANTITIES = (
    ("kg", "g", "mg", "lb", "oz", "t"),
    ("m", "cm", "mm", "km", "mi", "ft", "in", "yd"),
    ("l", "ml", "cl", "gal"),
    ("m2", "sqft", "ha", "acres"),
    ("km/h", "mph", "m/s"),
    ("°C", "°F", "k"),
    ("w", "kw", "mw", "hp"),
    ("kwh", "mwh", "cal", "kcal", "kj"),
    ("hz", "khz", "mhz", "ghz"),
    ("b", "kb", "mb", "gb", "tb"),
    ("psi", "hpa"),
)
CURRENCY = (
    r"(?i:(?:US|CA|AU|NZ|HK|SG|C|A|R)?\$|[€£¥₹₽₩₺₫₪₴₦฿]|zł|Kč|Rs\.?"
    r"|USD|EUR|GBP|JPY|CNY|INR|CHF|CAD|AUD|NZD|HKD|SGD|SEK|NOK|DKK|ISK|PLN|CZK|HUF|RUB|BRL|MXN|ZAR|KRW|ILS|THB|AED|SAR)"
)
_USUAL = {spelling.lower(): names[0] for names in _SPELLINGS for spelling in names}
# in another case they are other units: mW and MW, Mb and MB, or a million (MM)
_CASED = {"mw", "mb", "kb", "gb", "tb", "mm", "m", "b", "g", "t", "k"}
_CURRENCY = re.compile(CURRENCY)


def usual_unit(label: str) -> str:
    """The usual spelling of a unit or currency; empty for what is none.

    >>> usual_unit(" OZ. "), usual_unit("ounces"), usual_unit("eur"), usual_unit("MW"), usual_unit("Main St")
    ('oz', 'oz', 'EUR', 'MW', '')
    """
    bare = label.strip().rstrip(".")
    if _CURRENCY.fullmatch(bare):
        return bare.upper() if bare.isalpha() and len(bare) == 3 else bare
    usual = _USUAL.get(bare.lower(), "")
    return bare if bare.lower() in _CASED else usual


def quantity_of(unit: str) -> str:
    """What a unit in its usual spelling measures, named by the first unit of it; a currency measures money.

    >>> [quantity_of(unit) for unit in ("lb", "kg", "MB", "€", "EUR", "bpm")]
    ['kg', 'kg', 'b', '$', '$', 'bpm']
    """
    if _CURRENCY.fullmatch(unit):
        return "$"
    return next((units[0] for units in _QUANTITIES if unit in units or unit.lower() in units), unit)


@cache
def spellings(unit: str) -> str:
    """A regular expression of all spellings of a unit.

    >>> [bool(re.fullmatch(spellings("ounces"), label)) for label in ("ounces", "OZ.", "oz", "kg")]
    [True, True, True, False]
    >>> [bool(re.fullmatch(spellings("K"), label)) for label in ("K", "k", "kelvin")]
    [True, False, False]
    """
    # the second spelling is what unicode variants leave
    own = "|".join(map(re.escape, (unit, unicodedata.normalize("NFKC", unit))))
    usual = usual_unit(unit)
    others = [name for names in _SPELLINGS if names[0] == usual for name in names if name not in _CASED]
    return f"(?:{own}" + (f"|(?i:{'|'.join(map(re.escape, others))})[.]?)" if others else ")")

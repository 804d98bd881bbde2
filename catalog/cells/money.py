"""Signs and codes of currencies, and a price cell taken apart into number and marks."""

import re
import unicodedata

__all__ = ["MARKS", "SIGNS", "money_parts"]

SIGNS: dict[str, set[str]] = {
    "€": {"EUR"}, "£": {"GBP", "EGP", "LBP"}, "₹": {"INR"}, "rs": {"INR", "PKR", "LKR", "NPR"},
    "¥": {"CNY", "JPY"}, "円": {"JPY"}, "元": {"CNY", "TWD", "HKD"}, "₽": {"RUB"}, "₩": {"KRW"},
    "$": {"USD", "CAD", "AUD", "NZD", "HKD", "SGD", "TWD", "MXN", "CLP", "COP", "ARS"},
    "us$": {"USD"}, "c$": {"CAD"}, "ca$": {"CAD"}, "a$": {"AUD"}, "au$": {"AUD"}, "nz$": {"NZD"},
    "hk$": {"HKD"}, "nt$": {"TWD"}, "s$": {"SGD"}, "mx$": {"MXN"}, "r$": {"BRL"}, "rmb": {"CNY"},
    "rs.": {"INR", "PKR", "LKR", "NPR"}, "kr": {"SEK", "NOK", "DKK", "ISK"},
    "kr.": {"SEK", "NOK", "DKK", "ISK"}, "zł": {"PLN"}, "kč": {"CZK"}, "ft": {"HUF"}, "lei": {"RON"},
    "fr.": {"CHF"}, "sfr.": {"CHF"}, "₺": {"TRY"}, "tl": {"TRY"}, "₫": {"VND"}, "฿": {"THB"}, "₱": {"PHP"},
    "₪": {"ILS"}, "₦": {"NGN"}, "₴": {"UAH"}, "руб": {"RUB"}, "руб.": {"RUB"}, "лв": {"BGN"},
    "лв.": {"BGN"}, "rp": {"IDR"}, "rm": {"MYR"}, "euro": {"EUR"}, "euros": {"EUR"},
    "원": {"KRW"}, "圓": {"TWD", "HKD"}, "円(税込)": {"JPY"}, "円(税抜)": {"JPY"}, "(税込)": {"JPY"},
    "us $": {"USD"}, "cdn$": {"CAD"}, "mxn$": {"MXN"}, "cop$": {"COP"}, "clp$": {"CLP"}, "р.": {"RUB"},
    "₽.": {"RUB"}, "грн": {"UAH"}, "грн.": {"UAH"}, "тг": {"KZT"}, "₸": {"KZT"}, "₾": {"GEL"}, "₼": {"AZN"},
    "৳": {"BDT"}, "tk": {"BDT"}, "tk.": {"BDT"}, "ksh": {"KES"}, "tsh": {"TZS"}, "ush": {"UGX"}, "₵": {"GHS"},
    "gh₵": {"GHS"}, "dh": {"AED", "MAD"}, "dhs": {"AED", "MAD"}, "dhs.": {"AED", "MAD"}, "din.": {"RSD"},
    "дин.": {"RSD"}, "บาท": {"THB"}, "đ": {"VND"}, "vnđ": {"VND"}, "₡": {"CRC"},
    "د.إ": {"AED"}, "درهم": {"AED", "MAD"}, "ر.س": {"SAR"}, "ج.م": {"EGP"}, "د.ك": {"KWD"}, "د.ب": {"BHD"},
    "ر.ق": {"QAR"}, "ر.ع": {"OMR"}, "د.م": {"MAD"}, "د.أ": {"JOD"}, "ل.ل": {"LBP"}, "د.ت": {"TND"},
    "د.ج": {"DZD"}, "د.ع": {"IQD"}, "ریال": {"IRR", "SAR", "QAR", "OMR", "YER"},
    "ريال": {"IRR", "SAR", "QAR", "OMR", "YER"},
}  # fmt: skip
"""What is written beside a number, in lower case, to the codes of the currencies that it may mean."""
_ISO = """
COD AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN
BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP
GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD
KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK
NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD
SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD
XOF XPF YER ZAR ZMW ZWG
"""
CODES = frozenset(_ISO.split())
"""ISO 4217, currencies in circulation."""
MARKS: dict[str, frozenset[str]] = {
    **{code.lower(): frozenset({code}) for code in CODES},
    **{sign: frozenset(meant) for sign, meant in SIGNS.items()},
}
"""Signs and codes, in lower case, to the currencies that they may mean."""

_PARTS = re.compile(r"([^0-9]*)([0-9](?:.*[0-9])?)([^0-9]*)")
_DASHES = (".--", ",--", ".-", ",-", "/-", ":-")
"""What stands for no cents: 12.-, 12,--, Rs. 399/-, 1 200:-."""
_AS_TEXT = re.compile(r"^'(?=[-+]?\d)")
"""The mark by which a spreadsheet keeps a number as text."""
_ODD = str.maketrans({"−": "-", "–": "-", "—": "-", "’": "'", "ʼ": "'", "٫": ".", "٬": ",", "،": ","})


def money_parts(text: str) -> tuple[str, tuple[str, ...]]:
    """A cell as the plain text of its number and the currency marks beside it, all in lower case.

    The number is "" where something stands beside it that is neither sign nor currency, or two currencies.
    """
    if not text.isascii():
        if any(c.isnumeric() and not c.isdecimal() for c in text):  # 1² is not 12
            return "", ()
        plain = unicodedata.normalize("NFKC", text).translate(_ODD)
        # Marks of writing direction stand beside Arabic and Hebrew prices and say nothing of the number.
        shown = (c for c in plain if unicodedata.category(c) != "Cf")
        text = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in shown)
    text = " ".join(text.split()).lower()
    text = _AS_TEXT.sub("", text)
    negative = text.startswith("(") and text.endswith(")")
    text = text[1:-1].strip() if negative else text
    parts = _PARTS.fullmatch(text)
    if parts is None:
        return "", ()
    before, core, behind = parts.groups()
    if before[-1:] in (".", ",") and before.strip() not in MARKS:
        before, core = before[:-1], before[-1] + core
    signs, minus = before.count("-") + before.count("+"), "-" in before
    before = before.replace("-", "").replace("+", "").strip()
    behind = behind.strip()
    for dash in _DASHES:
        if behind.startswith(dash):
            behind = behind[len(dash) :].strip()
            break
    else:
        if behind[:1] == "-" or behind[-1:] == "-":
            minus, signs = True, signs + 1
            behind = (behind[1:] if behind[0] == "-" else behind[:-1]).strip()
    behind = behind if behind in MARKS else behind.removesuffix(".").strip()
    marks = tuple(mark for mark in (before, behind) if mark)
    meant = [MARKS.get(mark, frozenset[str]()) for mark in marks]
    if signs + negative > 1 or (meant and not frozenset.intersection(*meant)):
        return "", ()
    return f"-{core}" if minus or negative else core, marks

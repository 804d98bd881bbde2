"""The words that make a number beside them a price, and those that make it none: parts of patterns.

`#1` and `#2` stand for amounts (retrieval.understanding.amounts).
"""

__all__ = [
    "AROUND", "AT_LEAST", "AT_MOST", "CHEAP", "CHEAPER", "DASH", "DEARER", "END", "ENDS", "HAN_ABOUT",
    "HAN_AROUND",
    "HAN_AT_LEAST", "HAN_AT_MOST", "HAN_BELOW", "HAN_FROM", "HAN_LEAD", "IN_STOCK", "LEAD", "OF", "OR_SO",
    "OVER", "TO", "UNDER", "WORD",
]  # fmt: skip

WORD = r"(?<![a-z\d])"
OF = "的?"
LEAD = (
    r"(?:(?<![a-z])(?:(?:that |which )?(?:costs?(?:ing)?|is|are)|that['’]s|somewhere|anywhere|"
    r"(?:(?:with|at) )?(?:(?:a|the|my) )?(?:prices?|priced|budget)|for|at|and|but|"
    r"(?:in |with )?(?:(?:a|the) )?(?:price )?range|ranging)\s+(?:at |of |is |: ?)?)?"
)
HAN_LEAD = "(?:(?:价格|价位|价钱|预算|售价|单价)(?:在|是|为)?)?"
"""What only leads to a price."""

DASH = r"\s?(?:-|–|—|~|to|到|至)\s?"
"""Between two amounts that nothing else says to be a range: "phone 12 up to 500" holds none."""
TO = r"\s?(?:-|–|—|~|to|and|until|till|up to|到|至)\s?"
UNDER = (
    r"(?:under|below|beneath|within|sub(?=[- ])-?|(?:less|lower|cheaper) th[ae]n(?: or equal to)?|up ?to|"
    r"at most|at max|max(?:imum)?(?: price)?(?: of)?\.?|(?:no|not) more th[ae]n|not (?:over|above|exceeding)|"
    r"(?:(?:with )?(?:a |my )?budget(?: of| is)?:?)|<=?|≤)"
)
OVER = (
    r"(?:over|above|(?:more|greater|higher) th[ae]n|at least|min(?:imum)?(?: price)?(?: of)?\.?|"
    r"(?:no|not) less th[ae]n|upwards? of|"
    r"starting (?:at|from)|>=?|≥)"
)
AROUND = r"(?:around|about|approx(?:imately|\.)?|roughly|circa|ca\.|~)"
OR_SO = r"(?:\s+or so)?[\s.!?]*$"
"""Nothing else follows."""
AT_MOST = r"\s?(?:or (?:less|under|below|cheaper|lower)|and (?:under|below|less)|max(?:imum)?|tops)(?![a-z])"
AT_LEAST = r"\s?(?:or (?:more|over|above|higher)|and (?:up|over|above)|plus(?![a-z])|\+)"
_HAN_NOT = "(?:不|别|勿)(?:要|能|可以?|得|会|用)?"
_MORE, _LESS = "(?:超过|高于|大于|多于)", "(?:低于|少于|小于)"
_PLAIN = "(?<![不别勿要能可得会用])"
HAN_BELOW = f"(?:不到|最多|至多|预算|{_HAN_NOT}{_MORE}|{_PLAIN}{_LESS})"
HAN_FROM = f"(?:至少|最少|{_HAN_NOT}{_LESS}|{_PLAIN}{_MORE})"
HAN_AROUND = "(?:大约|大概|差不多|约)"
HAN_AT_MOST = r"\s?及?(?:以下|以内|之内|之下|内|封顶)"
HAN_AT_LEAST = r"\s?及?(?:以上|之上|起)"
HAN_ABOUT = r"\s?(?:左右|上下)"

_THAN = r"(?: than (?:this|that|it)(?: one)?)?"
CHEAPER = rf"(?:{WORD}cheaper{_THAN}|更便宜(?:一?[点些])?|便宜一?[点些]|比(?:这个|它|这)更?便宜)(?![a-z])"
DEARER = rf"(?:{WORD}more expensive{_THAN}|更贵(?:一?[点些])?)(?![a-z])"
CHEAP = (
    rf"(?:{WORD}(?:cheap(?:est)?(?: and cheerful)?|affordable|inexpensive|low[ -](?:priced?|cost|budget)|"
    r"lowest[ -]priced?|on a budget|budget[ -]friendly|bargain|"
    r"not (?:(?:too|very|so|that) )?(?:expensive|pricey))(?![a-z])|"
    r"(?<!不)最?便宜|(?<!不)(?:经济)?实惠|平价|低价|廉价|不贵)"
)
IN_STOCK = rf"(?:{WORD}(?:only )?in[ -]stock(?![a-z])|(?<!没)(?<!没有)(?:有现货|有货|现货))"

_UNITS = (
    r"cm|mm|m|km|met(?:er|re)s?|in(?=\.|\s*$)|inch(?:es)?|ft|feet|foot|yards?|kg|g|gr|gms?|grams?|kilos?|mg|"
    r"lbs?|oz|ounces?|ml|cl|dl|l|lit(?:er|re)s?|gallons?|v|volts?|w|watts?|kw|amps?|m?ah|[kmg]?hz|db|decibels?|"
    r"[kmgt]b|[mg]bps|rpm|psi|deg(?:rees)?|percent|years?|yrs?|yo|months?|weeks?|days?|hours?|hrs?|h|"
    r"min(?:ute)?s?|sec(?:ond)?s?|pages?|pieces?|pcs?|packs?|people|persons?|players?|seat(?:er)?s?|mp|"
    r"megapixels?|x|dpi|carats?|ct|denier|gsm|miles?"
)
_HAN_UNITS = (
    "厘米|公分|毫米|米|公里|英?寸|尺|公斤|千克|克|斤|毫升|升|伏|瓦|周?岁|年|个|月|天|小时|分钟|"
    "只|件|条|双|张|页|码|号|人|度|支|本|把|台|款|层|格|种|次|倍"
)
_WHOLE = r"(?![a-z\d])(?![.,]\d)"
_NO_UNIT = (
    rf"(?!\s?[\d%°\"″'’])(?!\s?[-–—~]\s?\d)(?!-?[a-z]){_WHOLE}"
    rf"(?!\s?-?(?:{_UNITS})(?![a-z]))(?!\s?(?:{_HAN_UNITS}))"
)
END = rf"(?(after1)|(?(before1){_WHOLE}|{_NO_UNIT}))"
ENDS = rf"(?(after2)|(?(before2){_WHOLE}|(?(before1){_WHOLE}|{_NO_UNIT})))"
"""Behind one amount and behind two: where no currency says that they are prices, no unit says otherwise."""

"""Words that only ask: "I need a clock" asks for a clock. They are stop words of queries, not of listings."""

import re

__all__ = ["without_request"]

_VERBS = r"(?:buy|get|find|see|have|order|purchase|look for|look at)"
_ASKING = "|".join(
    [
        r"(?:i|we)(?:['’]d| would)? (?:really |just |also )?(?:need|want|like)(?: to " + _VERBS + r")?",
        r"(?:(?:i|we)(?:['’](?:m|re)| am| are) )?(?:looking|searching|shopping|hunting) for",
        r"(?:need|want)(?: to " + _VERBS + r"|(?= an? | some ))",
        r"(?:can|could|do|would) (?:you|i|we) (?:please |maybe )?"
        r"(?:show|find|get|buy|have|sell|recommend|stock)(?: me| us)?",
        r"(?:please )?(?:show|find|get|give|recommend) (?:me|us)",
        r"where (?:can|do|could) (?:i|we) " + _VERBS,
        r"(?:have|has) (?:you|anyone) got",
        r"(?:is|are) there (?=any |an? )",
    ]
)
_FIRST = re.compile(
    rf"(?:(?:hi|hello|hey)\b[\s,.!]*)?(?:please[\s,]+)?(?:{_ASKING})\s+(?:(?:an?|some|any|the)\s+)?", re.I
)
_LAST = re.compile(r"[\s,]*\b(?:please|pls|thanks|thank you)[\s.!]*$", re.I)
_HAN_FIRST = re.compile(
    "(?:你好|您好|请问|麻烦)?[,，\\s]*(?:我?(?:想要|想买|想找|想看|要买|要找|需要|求购)|我[想要]|有没有|有卖|"
    "(?:给我|帮我)(?:找|看看?|推荐)|推荐)(?:一下)?(?:一?[个只把件条款台双套些](?=.))?"
)
_HAN_LAST = re.compile(r"(?:吗|呢|谢谢)[\s??!!。]*$")
_MARKS = " \t?？!！。"


def without_request(text: str) -> str:
    """A query without the words that only ask; the query itself where nothing else would be left."""
    found = text.strip()
    for first, last in ((_FIRST, _LAST), (_HAN_FIRST, _HAN_LAST)):
        asking = first.match(found)
        if asking:
            found = last.sub("", found[asking.end() :]).strip(_MARKS)
        elif first is _FIRST:
            found = last.sub("", found)
    return found or text

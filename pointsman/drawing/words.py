"""Numbers as a reader wants them; what is not known is said to be unknown."""

from collections.abc import Sequence

UNKNOWN = "unknown"


def quality(value: float | None) -> str:
    """A mean quality in [0, 1].

    >>> quality(0.8417), quality(None)
    ('0.842', 'unknown')
    """
    return UNKNOWN if value is None else f"{value:.3f}"


def percent(value: float | None) -> str:
    r"""A share.

    >>> percent(0.973), percent(0.0042), percent(None)
    ('97\xa0%', '0.4\xa0%', 'unknown')
    """
    if value is None:
        return UNKNOWN
    return f"{100 * value:.1f}\xa0%" if 0 < abs(value) < 0.0095 else f"{100 * value:.0f}\xa0%"


def cost(usd_per_query: float | None) -> str:
    """What 1,000 prompts cost.

    >>> cost(0.0012345), cost(0.0), cost(None), cost(2.5)
    ('$1.23', '$0', 'unknown', '$2,500')
    """
    return UNKNOWN if usd_per_query is None else dollars(1000 * usd_per_query)


def dollars(amount: float) -> str:
    """Three digits, and never more than anybody reads.

    >>> dollars(0.01234), dollars(45.678), dollars(0.5), dollars(-1.5)
    ('$0.0123', '$45.7', '$0.50', '−$1.50')
    """
    sign, size = ("−" if amount < 0 else ""), abs(amount)
    if size == 0:
        return "$0"
    if size >= 100:
        return f"{sign}${size:,.0f}"
    if size >= 10:
        return f"{sign}${size:.1f}".removesuffix(".0")
    return f"{sign}${size:.2f}" if size >= 0.1 else f"{sign}${float(f'{size:.3g}'):.7f}".rstrip("0")


def seconds(value: float | None) -> str:
    """A duration.

    >>> seconds(0.0123), seconds(0.4), seconds(4.56), seconds(123.4), seconds(7300), seconds(None)
    ('12 ms', '0.40 s', '4.6 s', '123 s', '2.0 h', 'unknown')
    """
    if value is None:
        return UNKNOWN
    if value == 0:
        return "0 s"
    if value >= 3600:
        return f"{value / 3600:.1f} h"
    if value >= 100:
        return f"{value:.0f} s"
    if value >= 1:
        return f"{value:.1f} s"
    return f"{value:.2f} s" if value >= 0.1 else f"{1000 * value:.{0 if value >= 0.0095 else 1}f} ms"


def signed(value: float) -> str:
    """A difference, its sign told.

    >>> signed(0.1234), signed(-0.02)
    ('+0.123', '−0.020')
    """
    return f"{value:+.3f}".replace("-", "−")


def count(number: int, noun: str) -> str:
    """
    >>> count(1, "prompt"), count(1300, "prompt")
    ('1 prompt', '1,300 prompts')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def listed(names: Sequence[str]) -> str:
    """
    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def short(name: str, letters: int) -> str:
    """A name that fits.

    >>> short("a-very-long-name", 8)
    'a-very-…'
    """
    return name if len(name) <= letters else f"{name[: letters - 1]}…"

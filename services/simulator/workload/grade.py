"""How good an answer is, computed from the prompt and the answer alone."""

import re

from services.simulator.workload.syllabus import recognise

_ANSWER = re.compile(r"answer\s*(?:is|:)\s*(.+)", re.IGNORECASE)


def check(prompt: str, response: str) -> float:
    """Quality in [0, 1]: 1 where the final answer is right, 0 where it is not.

    The final answer is what follows the last "Answer:", else the last line. Raises ValueError on a prompt that is not
    of this workload.
    """
    known = recognise(prompt)
    if known is None:
        raise ValueError("expected a prompt of the generated workload, its wording is none of the topics'")
    return float(_plain(final(response)) == _plain(known.problem.answer()))


def final(response: str) -> str:
    """The part of a response that answers.

    >>> final("Ten and ten, so\\nAnswer: 20")
    '20'
    """
    marked = _ANSWER.findall(response)
    if marked:
        return str(marked[-1])
    lines = response.strip().splitlines()
    return lines[-1] if lines else ""


def _plain(text: str) -> str:
    return re.sub(r"[\s\"'`*$,.]+", " ", text).strip().casefold()

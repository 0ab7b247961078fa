"""RouterBench (withmartian/routerbench): one row per prompt, three columns per LLM.

`<llm>` is the quality, `<llm>|model_response` the answer, `<llm>|total_cost` its price in USD; beside them stand
`sample_id`, `prompt`, `eval_name` and `oracle_model_to_route_to`. Prompts and answers are lists, as Python prints them.
"""

import ast
import warnings
from collections.abc import Iterator

from pointsman.importing.layouts.layout import Labels, WrongLayoutError
from pointsman.importing.layouts.wide import Cells, WideRow, check_names, graded, tokens_of
from pointsman.importing.records import Values
from pointsman.importing.rows import Draft

_QUERY = ("sample_id", "prompt", "eval_name")
_RESPONSE, _COST = "|model_response", "|total_cost"


class RouterBench:
    """A row per LLM of each prompt; the costs are RouterBench's own."""

    def __init__(self, columns: tuple[str, ...], labels: Labels) -> None:
        self._source = labels.source
        told = [column.removesuffix(end) for end in (_RESPONSE, _COST) for column in columns if column.endswith(end)]
        self._llms = [
            Cells(llm, *(llm + end if llm + end in columns else None for end in (_RESPONSE, _COST)))
            for llm in dict.fromkeys(told)
        ]
        missing = [column for column in (*_QUERY, *dict.fromkeys(told)) if column not in columns]
        if missing or not self._llms:
            raise WrongLayoutError(f"needs {', '.join(missing) or f'<LLM>{_RESPONSE}'} too")
        check_names(self._llms)
        self.columns = (*_QUERY, *(column for cells in self._llms for column in cells.columns))

    def drafts(self, values: Values) -> Iterator[Draft]:
        prompt = joined(values.get("prompt"))
        query = {
            "source": self._source,
            "query_id": values.get("sample_id"),
            "domain": values.get("eval_name"),
            "dataset": values.get("eval_name"),
            "prompt": prompt,
            "input_tokens": tokens_of(prompt),
            "judge": "RouterBench's score of the eval, as stored",
        }
        called = {"query_id": "sample_id", "dataset": "eval_name"}
        row = WideRow(query, called)
        for cells in self._llms:
            response = joined(values.get(cells.response)) if cells.response is not None else None
            cost = values.get(cells.cost) if cells.cost is not None else None
            yield row.draft(cells, graded(values.get(cells.quality)), response, cost)


def joined(value: object) -> object:
    """The text of a list of texts, which may be printed as Python prints it; anything else as it is.

    >>> joined("['Translate.', 'Bonjour']")
    'Translate.\\nBonjour'
    >>> joined("[1, 2]")
    '[1, 2]'
    """
    parts = _parsed(value) if isinstance(value, str) else value
    if isinstance(parts, list) and parts and all(isinstance(part, str) for part in parts):
        return "\n".join(parts)
    return value


def _parsed(text: str) -> object:
    if not (text.startswith(("['", '["')) and text.endswith("]")):
        return text
    try:
        with warnings.catch_warnings():
            # An answer may hold what would be a wrong escape in a program.
            warnings.simplefilter("ignore")
            return ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return text

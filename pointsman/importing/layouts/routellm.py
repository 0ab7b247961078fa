"""RouteLLM (lm-sys/RouteLLM, routellm/evals): one row per prompt, a column of True and False per LLM.

`gsm8k_responses.csv` has the answers too, as `<llm>_response`; the files under `mmlu/responses` have none.
"""

from collections.abc import Iterator

from pointsman.importing.identity import name_query
from pointsman.importing.layouts.layout import Labels, WrongLayoutError
from pointsman.importing.layouts.wide import Cells, WideRow, check_names, graded, tokens_of
from pointsman.importing.records import Values
from pointsman.importing.rows import COLUMNS, Draft

_PROMPT, _RESPONSE = "prompt", "_response"


class RouteLlm:
    """A row per LLM of each prompt; a query is named by its text, as the file names none."""

    def __init__(self, columns: tuple[str, ...], labels: Labels) -> None:
        self._source = labels.source
        self._dataset = labels.dataset.removesuffix(_RESPONSE + "s").replace("mmlu_", "mmlu/", 1)
        others = [column for column in columns if column != _PROMPT and not _is_index(column)]
        foreign = [column for column in others if column in COLUMNS or "|" in column]
        if _PROMPT not in columns or not others or foreign:
            needed = "a column per LLM" if _PROMPT in columns else _PROMPT
            raise WrongLayoutError(f"has no {foreign[0]}" if foreign else f"needs {needed} too")
        answers = {llm + _RESPONSE for llm in others}
        llms = [column for column in others if column not in answers]
        self._llms = [Cells(llm, llm + _RESPONSE if llm + _RESPONSE in columns else None) for llm in llms]
        check_names(self._llms)
        self.columns = (_PROMPT, *(column for cells in self._llms for column in cells.columns))

    def drafts(self, values: Values) -> Iterator[Draft]:
        prompt = values.get(_PROMPT)
        query = {
            "source": self._source,
            "query_id": name_query(self._dataset, prompt),
            "domain": self._dataset,
            "dataset": self._dataset,
            "prompt": prompt,
            "input_tokens": tokens_of(prompt),
            "judge": "RouteLLM's correctness, as stored",
        }
        row = WideRow(query, {})
        for cells in self._llms:
            response = values.get(cells.response) if cells.response is not None else None
            yield row.draft(cells, graded(values.get(cells.quality)), response)


def _is_index(column: str) -> bool:
    """Row numbers that pandas leaves in a file would read as grades."""
    return not column or column.startswith(("Unnamed:", "__index_level_"))

"""LLMRouter (ulab-uiuc/LLMRouter, llmrouter/data): one JSON object per query and LLM, its routing data.

`embedding_id` is not used to name a query, as it counts anew in every file; LLMRouter itself tells queries apart by
task, query, ground truth and metric.
"""

from collections.abc import Iterator

from pointsman.importing.identity import name_query
from pointsman.importing.layouts.layout import Labels, WrongLayoutError
from pointsman.importing.layouts.wide import llm_name
from pointsman.importing.records import Values
from pointsman.importing.rows import Draft

_REQUIRED = ("task_name", "query", "model_name", "performance")
_CALLED = {"dataset": "task_name", "prompt": "query", "llm": "model_name", "quality": "performance"}
#: What tokens are called now, and what they were called before.
_TOKENS = {"input_tokens": "prompt_tokens", "output_tokens": "completion_tokens"}
_OPTIONAL = ("response", "ground_truth", "metric", *_TOKENS, *_TOKENS.values())


class LlmRouter:
    """A row per object."""

    def __init__(self, columns: tuple[str, ...], labels: Labels) -> None:
        missing = [column for column in _REQUIRED if column not in columns]
        if missing:
            raise WrongLayoutError(f"needs {', '.join(missing)} too")
        self._source = labels.source
        self.columns = (*_REQUIRED, *(column for column in _OPTIONAL if column in columns))

    def drafts(self, values: Values) -> Iterator[Draft]:
        task, query, llm = values.get("task_name"), values.get("query"), values.get("model_name")
        tokens = {ours: _first(values, ours, before) for ours, before in _TOKENS.items()}
        row = {
            "source": self._source,
            "query_id": name_query(task, query, values.get("ground_truth"), values.get("metric")),
            "domain": task,
            "dataset": task,
            "prompt": query,
            "llm": llm_name(llm) if isinstance(llm, str) else llm,
            "quality": values.get("performance"),
            "response": values.get("response"),
            "judge": f"LLMRouter's {values.get('metric') or 'metric'}, as stored",
            "tokens_kind": "reported" if None not in tokens.values() else None,
            **tokens,
        }
        yield Draft(row, _CALLED)


def _first(values: Values, *columns: str) -> object:
    return next((values[column] for column in columns if values.get(column) is not None), None)

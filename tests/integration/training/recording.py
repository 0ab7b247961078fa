"""Recorded answers with a planted pattern: which LLM is good depends on the topic of the prompt."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

LLMS = ("cook", "sailor", "coin")
_SUBJECTS = {
    "recipe": ("soup", "bread", "roast potatoes", "apple cake", "lentil stew", "pancakes", "risotto", "dumplings"),
    "sailing": ("a storm jib", "the anchor", "a reef knot", "the tide", "a keel", "a lighthouse", "a spinnaker", "fog"),
}
_FORMS = (
    "Explain {} to a child",
    "What should I know about {}?",
    "Write ten lines on {}",
    "Compare {} then and now",
    "List mistakes people make with {}",
    "Tell a true story about {}",
    "Which tools does {} need?",
    "How did {} change in the last century?",
    "Give a plan to learn about {} in a week",
    "Describe {} without adjectives",
)


def write_recording(folder: Path, rows_per_prompt: int = 2) -> tuple[Path, str]:
    """The parquet file and the pool argument; the cook answers on food, the sailor on the sea, the coin by chance.

    The cook's answers have 100 tokens, the sailor's 400; the coin's anything.
    """
    random = np.random.default_rng(7)
    rows = [
        _row(f"{subject}-{form}-{number}", topic, f"{_FORMS[form].format(subject)} ({'abcdefgh'[number]})", llm, random)
        for topic, subjects in _SUBJECTS.items()
        for subject in subjects
        for form in range(len(_FORMS))
        for number in range(rows_per_prompt)
        for llm in LLMS
    ]
    data, pools = folder / "planted.parquet", folder / "pools.json"
    pq.write_table(pa.Table.from_pylist(rows), data)
    pool = {"source": ["planted"], "datasets": None, "reference": "sailor", "llms": list(LLMS)}
    pools.write_text(json.dumps({"planted": pool}))
    return data, f"{pools}:planted"


def _row(query_id: str, topic: str, prompt: str, llm: str, random: np.random.Generator) -> dict[str, object]:
    good = {"cook": topic == "recipe", "sailor": topic == "sailing", "coin": random.random() < 0.5}[llm]
    tokens = {"cook": 100, "sailor": 400, "coin": random.integers(10, 1000)}[llm] * random.uniform(0.9, 1.1)
    return {
        "source": "planted",
        "query_id": query_id,
        "domain": topic,
        "dataset": topic,
        "prompt": prompt,
        "llm": llm,
        "quality": 1.0 if good else 0.0,
        "output_tokens": float(round(tokens)),
        "cost_usd": {"cook": 0.001, "sailor": 0.004, "coin": None}[llm],
    }

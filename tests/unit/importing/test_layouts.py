"""Each published layout becomes the same rows."""

from pathlib import Path

import pytest

from pointsman.importing.rows import COLUMNS
from services.simulator.dataset import SCHEMA
from tests.unit.importing.files import Importing, canonical_row, write_csv, write_json_lines, write_parquet

_LLMS = ("gpt-4-1106-preview", "mistralai/mistral-7b-chat")
_ROUTERBENCH = (
    "sample_id",
    "prompt",
    "eval_name",
    *_LLMS,
    *(f"{llm}|model_response" for llm in _LLMS),
    *(f"{llm}|total_cost" for llm in _LLMS),
    "oracle_model_to_route_to",
)
_SAMPLE = (
    "mmlu.val.1",
    """['Answer with a letter.\\n', "What's 2 + 2?\\nA) 4"]""",
    "mmlu",
    *(1.0, 0.25),
    *("['A']", """["It's A"]"""),
    *(0.00074, 1.46e-05),
    "gpt-4-1106-preview",
)


def test_rows_have_the_columns_that_the_simulator_writes() -> None:
    assert list(COLUMNS) == SCHEMA.names


def test_canonical_rows_come_back_as_they_are(importing: Importing, tmp_path: Path) -> None:
    unknown = dict.fromkeys(("input_tokens", "output_tokens", "cost_usd", "response", "tokens_kind", "cost_kind"))
    rows = [canonical_row(0), canonical_row(1, **unknown), canonical_row(0, llm="small", response="Größer:\n\x00")]
    file = write_parquet(tmp_path / "in.parquet", [row | {"quality_raw": 5.0} for row in rows])

    done = importing(file)

    assert done.code == 0
    assert done.rows() == rows
    assert (done.report["read"], done.report["imported"], done.report["rejected"]) == (3, 3, 0)
    assert done.report["llms"] == {"large": 2, "small": 1}
    assert done.report["sources"] == [{"name": str(file), "format": "canonical", "left_out": ["quality_raw"]}]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_row_of_routerbench_becomes_one_per_llm(kind: str, importing: Importing, tmp_path: Path) -> None:
    if kind == "csv":
        file = write_csv(tmp_path / "rb.csv", _ROUTERBENCH, _SAMPLE)
    else:
        file = write_parquet(tmp_path / "rb.parquet", [dict(zip(_ROUTERBENCH, _SAMPLE, strict=True))])

    done = importing(file)

    large, small = done.rows()
    assert done.report["sources"][0]["format"] == "routerbench"
    assert large == {
        "source": "routerbench",
        "query_id": "mmlu.val.1",
        "domain": "mmlu",
        "dataset": "mmlu",
        "prompt": "Answer with a letter.\n\nWhat's 2 + 2?\nA) 4",
        "llm": "gpt-4-1106-preview",
        "quality": 1.0,
        "input_tokens": 17.0,
        "output_tokens": 1.0,
        "cost_usd": 0.00074,
        "response": "A",
        "judge": "RouterBench's score of the eval, as stored",
        "tokens_kind": "estimated",
        "cost_kind": "recorded",
    }
    assert (small["llm"], small["quality"], small["response"]) == ("mistral-7b-chat", 0.25, "It's A")
    assert small["cost_usd"] == 1.46e-05


def test_prompts_that_are_lists_of_parquet_are_joined_too(importing: Importing, tmp_path: Path) -> None:
    sample = dict(zip(_ROUTERBENCH, _SAMPLE, strict=True)) | {"prompt": ["One.", "Two."]}

    done = importing(write_parquet(tmp_path / "rb.parquet", [sample]))

    assert done.rows()[0]["prompt"] == "One.\nTwo."


def test_a_row_of_routellm_becomes_one_per_llm_with_its_answer(importing: Importing, tmp_path: Path) -> None:
    strong, weak = "gpt-4-1106-preview", "mistralai/Mixtral-8x7B-Instruct-v0.1"
    header = ("", "prompt", weak, strong, f"{weak}_response", f"{strong}_response")
    file = write_csv(tmp_path / "gsm8k_responses.csv", header, (0, "What is\n2 + 2?", "False", "True", "5", "4"))

    done = importing(file)

    first, second = done.rows()
    assert done.report["sources"][0] == {"name": str(file), "format": "routellm", "left_out": [""]}
    assert (first["llm"], first["quality"], first["response"]) == ("mixtral-8x7b-instruct-v0.1", 0.0, "5")
    assert (second["llm"], second["quality"], second["response"]) == (strong, 1.0, "4")
    assert first["query_id"] == second["query_id"]
    assert {(row["source"], row["dataset"], row["prompt"]) for row in (first, second)} == {
        ("routellm", "gsm8k", "What is\n2 + 2?")
    }


def test_routellms_files_without_answers_have_no_response_tokens(importing: Importing, tmp_path: Path) -> None:
    done = importing(write_csv(tmp_path / "mmlu_anatomy.csv", ("prompt", "a", "b"), ("Which?", "True", "False")))

    row = done.rows()[0]
    assert (row["dataset"], row["output_tokens"], row["response"]) == ("mmlu/anatomy", None, None)
    assert row["tokens_kind"] == "estimated_input_only"


def test_llmrouters_objects_are_told_apart_by_task_query_truth_and_metric(importing: Importing, tmp_path: Path) -> None:
    routed = {
        "task_name": "gsm8k",
        "query": "Janet has 4 apples.",
        "ground_truth": "2",
        "metric": "GSM8K",
        "model_name": "qwen2.5-7b-instruct",
        "response": "She has 2.",
        "token_num": 453,
        "input_tokens": 449,
        "output_tokens": 4,
        "performance": 1.0,
        "embedding_id": 42,
    }
    older = {"prompt_tokens": 40, "completion_tokens": 5, "input_tokens": None, "output_tokens": None}
    file = write_json_lines(
        tmp_path / "routing.jsonl",
        routed,
        routed | older | {"model_name": "llama3-8b", "performance": 0.0, "embedding_id": 1},
        routed | {"ground_truth": "3"},
    )

    first, second, third = importing(file).rows()

    assert (first["llm"], first["quality"], first["response"]) == ("qwen2.5-7b-instruct", 1.0, "She has 2.")
    assert (first["input_tokens"], first["output_tokens"], first["tokens_kind"]) == (449, 4, "reported")
    assert (second["input_tokens"], second["output_tokens"]) == (40, 5)
    assert first["query_id"] == second["query_id"] != third["query_id"]
    assert (first["source"], first["dataset"], first["judge"]) == ("llmrouter", "gsm8k", "LLMRouter's GSM8K, as stored")


def test_files_of_several_formats_make_one(importing: Importing, tmp_path: Path) -> None:
    one = write_parquet(tmp_path / "one.parquet", [canonical_row(0)])
    two = write_csv(tmp_path / "two.csv", ("prompt", "a"), ("Which?", "True"))

    done = importing(one, two, "--source", "mine")

    assert [row["source"] for row in done.rows()] == ["planted", "mine"]
    assert [source["format"] for source in done.report["sources"]] == ["canonical", "routellm"]


def test_a_format_that_is_named_is_the_one_that_is_read(importing: Importing, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "rb.csv", _ROUTERBENCH, _SAMPLE)

    done = importing(file, "--format", "llmrouter")

    assert done.code == 2
    assert "llmrouter needs task_name, query, model_name, performance too" in done.error


def test_two_columns_that_would_be_one_llm_are_named(importing: Importing, tmp_path: Path) -> None:
    done = importing(write_csv(tmp_path / "two.csv", ("prompt", "meta/Llama-3", "llama-3"), ("Which?", "True", "True")))

    assert done.code == 2
    assert "columns meta/Llama-3 and llama-3 would both be the LLM llama-3" in done.error

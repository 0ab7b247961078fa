from math import isnan

import httpx2
import openai
import pytest

from services.executor.failures import LOST, RULES, Failure, Verdict, of_error, of_status


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        (400, "this model's maximum context length is 4096 tokens", "context_too_long"),
        (400, "none invalid_request_error prompt is too long: 210000 tokens > 200000 maximum", "context_too_long"),
        (422, "`inputs` tokens + `max_new_tokens` must be <= 4096", "context_too_long"),
        (400, "exceed_context_size_error", "context_too_long"),
        (400, "the input token count (40000) exceeds the maximum", "context_too_long"),
        (413, "", "context_too_long"),
        (400, "the response was filtered by our content management policy", "content_refused"),
        (403, "your input was flagged by moderation", "content_refused"),
        (403, "forbidden", "auth"),
        (402, "", "quota"),
        (429, "insufficient_quota", "quota"),
        (429, "too many requests", "rate_limited"),
        (400, "unsupported parameter: top_k", "bad_request"),
        (500, "context window exploded", "server_error"),
        (529, "overloaded_error", "overloaded"),
        (504, "", "timeout"),
        (301, "", "garbage"),
    ],
)
def test_what_providers_say_has_a_kind(status: int, said: str, kind: str) -> None:
    assert of_status(status, said) == kind


def test_only_what_was_not_called_does_not_count() -> None:
    assert {kind for kind, rule in RULES.items() if not rule.counts} == {"circuit", "address", "removed", "moved"}


def test_nobody_is_blamed_for_what_is_not_the_llms_fault() -> None:
    blameless = {kind for kind, rule in RULES.items() if not rule.blames_llm}

    assert blameless == {"deadline", "lost", "removed", "moved"}


def test_a_failures_error_carries_its_rule() -> None:
    error = LOST.error

    assert (error.kind, error.blames_llm, error.counts) == ("lost", False, True)


def test_credentials_close_the_llm_and_the_query_does_not() -> None:
    assert Failure("auth", "").rule.verdict is Verdict.CLOSED
    assert Failure("context_too_long", "").rule.verdict is Verdict.FINE


def test_an_unknown_error_is_garbage_and_its_text_is_not_repeated() -> None:
    failure = of_error(ValueError("the prompt was: my secret"), 0.0)

    assert failure.kind == "garbage"
    assert "secret" not in failure.message


@pytest.mark.parametrize("date", ["Mon, 01 Jan 99999999999999999999 00:00:00 GMT", "soon", "nan"])
def test_a_retry_after_that_means_nothing_is_no_word_on_when_to_ask_again(date: str) -> None:
    response = httpx2.Response(429, headers={"retry-after": date}, request=httpx2.Request("POST", "http://x"))

    failure = of_error(openai.RateLimitError("busy", response=response, body=None), 0.0)

    assert failure.kind == "rate_limited"
    assert failure.retry_after_s is None or isnan(failure.retry_after_s)

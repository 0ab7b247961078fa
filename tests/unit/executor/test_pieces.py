"""What an endpoint streams is read with distrust."""

from openai.types.chat import ChatCompletionChunk
from openai.types.chat.chat_completion_chunk import Choice, ChoiceDelta
from openai.types.completion_usage import CompletionUsage

from services.executor.outcomes import answered
from services.executor.pieces import Answer, Reading
from tests.unit.executor.test_outcomes import LLM, work


def an_answer(finish_reason: str = "stop", tokens: int = 3) -> Answer:
    choice = Choice.model_construct(
        index=0, delta=ChoiceDelta.model_construct(content="4"), finish_reason=finish_reason
    )
    usage = CompletionUsage.model_construct(prompt_tokens=tokens, completion_tokens=tokens, total_tokens=2 * tokens)
    reading = Reading()
    reading.add(ChatCompletionChunk.model_construct(choices=[choice], usage=usage))
    return reading.answer(0.1, 0.2)


def test_a_count_of_tokens_that_cannot_be_one_is_not_reported() -> None:
    answer = an_answer(tokens=10**400)

    assert (answer.prompt_tokens, answer.response_tokens) == (None, None)
    assert isinstance(answered(work(), LLM, answer, 1.0, 2.0), tuple)


def test_half_a_character_in_a_finish_reason_breaks_no_response() -> None:
    answer = an_answer(finish_reason="st\ud83d")

    assert answer.finish_reason == "st\ufffd"
    assert isinstance(answered(work(), LLM, answer, 1.0, 2.0), tuple)

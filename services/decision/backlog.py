"""What stood before an LLM before this replica began to listen (protocol 5)."""

from collections.abc import Awaitable, Callable, Mapping

from services.decision.outstanding import Outstanding
from shared.messages import DispatchNote, Llm
from shared.routing.waits import service_s
from shared.topics import dispatch

#: Of a topic: the offset after the last record of each partition; empty when it does not exist.
Ends = Callable[[str], Awaitable[Mapping[int, int]]]
#: Of a group and topic: the committed offset of each partition that has one.
Committed = Callable[[str, str], Awaitable[Mapping[int, int]]]

#: More waiting dispatches than this make no difference: nobody would choose that LLM.
_MOST = 10_000


async def recover(llm: Llm, outstanding: Outstanding, ends: Ends, committed: Committed) -> None:
    """Count the dispatches that no executor has read, from the announced (else committed) offset to the end.

    Their notes are not read back: each counts as one answer of the length the registry expects, until its executor
    reads it. Raises TransientError when the broker is away.
    """
    speed = outstanding.speed(llm)
    typical_s = service_s(speed.first_token_s, llm.prior_response_tokens, speed.tokens_per_s)
    for batch in (False, True):
        topic = dispatch(llm.name, llm.parallelism, batch=batch).name
        done = await committed(f"executor.{llm.name}", topic)
        for partition, end in (await ends(topic)).items():
            announced = outstanding.next_offset(topic, partition)
            begin = done.get(partition, 0) if announced is None else announced
            for offset in range(max(begin, end - _MOST), end):
                note = DispatchNote(llm=llm.name, topic=topic, partition=partition, offset=offset, service_s=typical_s)
                outstanding.guess(note)

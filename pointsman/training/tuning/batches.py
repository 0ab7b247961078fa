"""Prompts as batches of token ids, in an order that the seed and the epoch alone decide."""

from collections.abc import Sequence

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

#: Batches that share a sort by length: long enough to pad little, short enough to mix.
_SORTED_TOGETHER = 8


def token_ids(prompts: Sequence[str], tokenizer: Tokenizer, max_length: int) -> list[list[int]]:
    """What the served encoder reads of each prompt: head and tail where it is longer (shared.encoder)."""
    start, end = tokenizer.encode("").ids
    room = max_length - 2
    tail = room // 2
    read = (encoded.ids for encoded in tokenizer.encode_batch(list(prompts), add_special_tokens=False))
    return [[start, *(ids if len(ids) <= room else ids[: room - tail] + ids[-tail:]), end] for ids in read]


def batches(lengths: Sequence[int], size: int, seed: int, epoch: int) -> list[list[int]]:
    """Every index once, `size` at a time, those of similar length together.

    >>> found = batches([3, 90, 4, 80], 2, seed=0, epoch=0)
    >>> sorted(sorted(batch) for batch in found)
    [[0, 2], [1, 3]]
    """
    random = np.random.default_rng((seed, epoch))
    order = random.permutation(len(lengths)).tolist()
    step = size * _SORTED_TOGETHER
    found: list[list[int]] = []
    for start in range(0, len(order), step):
        together = sorted(order[start : start + step], key=lengths.__getitem__)
        found += [together[at : at + size] for at in range(0, len(together), size)]
    return [found[index] for index in random.permutation(len(found))]


def padded(ids: Sequence[list[int]], device: torch.device) -> tuple[Tensor, Tensor]:
    """(n, length) int64 token ids and attention mask."""
    longest = max(len(one) for one in ids)
    tokens = torch.tensor([one + [0] * (longest - len(one)) for one in ids], device=device)
    mask = torch.tensor([[1] * len(one) + [0] * (longest - len(one)) for one in ids], device=device)
    return tokens, mask

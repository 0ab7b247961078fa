"""Examples whose quality is known by construction."""

from collections.abc import Callable

import numpy as np

from services.trainer.fitting.examples import Examples
from shared.head import Inputs
from shared.inference import Floats


def examples_of(inputs: Inputs, skill: Callable[[Inputs], Floats], noisy: bool, seed: int = 0) -> Examples:
    """One LLM's answers: right with the probability `skill` says, or as good as that; a quarter is held out."""
    random = np.random.default_rng(seed)
    count = len(inputs.vectors)
    quality = (random.random(count) < skill(inputs)).astype(np.float32) if noisy else skill(inputs)
    return Examples(
        vectors=inputs.vectors,
        prompt_tokens=inputs.prompt_tokens,
        quality=quality,
        response_tokens=random.lognormal(4, 0.5, count).astype(np.float32),
        held_out=np.arange(count) % 4 == 0,
        features=inputs.features,
        neighbours=inputs.neighbours,
        similarities=inputs.similarities,
        numbers=np.arange(count),
    )

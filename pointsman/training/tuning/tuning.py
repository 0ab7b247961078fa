"""Tunes a torch encoder on domains, until the predictors gain no more."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from json import dumps
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from pointsman.training.tuning.batches import batches, padded, token_ids
from pointsman.training.tuning.checkpoint import Standing, read, resume, save, write
from pointsman.training.tuning.config import TuneConfig
from pointsman.training.tuning.course import Check, Course
from pointsman.training.tuning.objective import literal_loss, moved, softmax_loss
from services.embedder.graph import SentenceEncoder, Source
from shared.inference import Floats

_EMBEDDED_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Lesson:
    """What an encoder is tuned on."""

    #: n prompts, and the m domains' queries among them; None takes no part in the loss.
    prompts: Sequence[str]
    domain_of: Sequence[int | None]
    #: The predictors' held-out squared error, from vectors (n, d).
    judge: Callable[[Floats], float]


@dataclass(frozen=True, slots=True)
class Tuned:
    """How it went; the source's module has the best weights, which may be the untuned ones."""

    course: Course
    #: Why it ended; None when all epochs were done.
    ended: str | None


def tune(
    source: Source, lesson: Lesson, config: TuneConfig, folder: Path, progress: Callable[[int, int], None]
) -> Tuned:
    """Tune `source.module` in place; checkpoints in `folder` let an equal run that was cut go on to the same end.

    `progress` is told steps done and steps in all. Takes a GPU if torch finds one.
    """
    return _Run(source, lesson, config, folder).finish(progress)


class _Run:
    """One run: what stays the same, and its standing."""

    def __init__(self, source: Source, lesson: Lesson, config: TuneConfig, folder: Path) -> None:
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._module: SentenceEncoder = source.module.to(self._device)
        self._lesson, self._config = lesson, config
        self._ids = token_ids(lesson.prompts, source.tokenizer, source.max_length)
        self._known = [index for index, domain in enumerate(lesson.domain_of) if domain is not None]
        self._own = np.array([domain for domain in lesson.domain_of if domain is not None], np.int64)
        own = folder / _fingerprint(source, lesson, config)
        self._file, self._best = own / "standing.safetensors", own / "best.safetensors"
        self._per_epoch = -(-len(self._known) // config.batch)
        self._check_steps = max(self._per_epoch // config.checks_per_epoch, 1)

    def finish(self, progress: Callable[[int, int], None]) -> Tuned:
        optimizer = torch.optim.AdamW(self._module.parameters(), lr=self._config.learning_rate)
        standing = Standing(self._module, optimizer, torch.zeros(0, device=self._device), Course())
        if not resume(standing, self._file):
            vectors = self._embed()
            standing.prototypes = torch.from_numpy(_centroids(vectors[self._known], self._own)).to(self._device)
            self._check(standing, vectors)
        total = self._config.epochs * self._per_epoch
        while (ended := self._ending(standing)) is None and standing.course.step < total:
            self._step(standing)
            progress(standing.course.step, total)
            if standing.course.step % self._check_steps == 0 or standing.course.step == total:
                self._check(standing, self._embed())
            elif standing.course.step % self._config.checkpoint_steps == 0:
                save(standing, self._file)
        self._restore_best()
        return Tuned(standing.course, ended)

    def _step(self, standing: Standing) -> None:
        config, step = self._config, standing.course.step
        # Dropout is drawn anew by the step's number, so that a resumed run draws the same.
        torch.manual_seed(config.seed * 1_000_003 + step)
        members = self._batch(step)
        self._module.train()
        vectors = self._module(*padded([self._ids[self._known[member]] for member in members], self._device))
        domains = torch.from_numpy(self._own[members]).to(self._device)
        prototypes = moved(standing.prototypes, vectors, domains, config.momentum)
        torch.autograd.backward(self._loss(vectors, prototypes, domains))
        standing.optimizer.step()
        standing.optimizer.zero_grad()
        standing.prototypes = prototypes.detach()
        standing.course = standing.course.stepped()

    def _batch(self, step: int) -> list[int]:
        epoch, place = divmod(step, self._per_epoch)
        lengths = [len(self._ids[index]) for index in self._known]
        return batches(lengths, self._config.batch, self._config.seed, epoch)[place]

    def _loss(self, vectors: Tensor, prototypes: Tensor, domains: Tensor) -> Tensor:
        if self._config.form == "literal":
            return literal_loss(vectors, prototypes, domains)
        return softmax_loss(vectors, prototypes, domains, self._config.temperature)

    def _check(self, standing: Standing, vectors: Floats) -> None:
        check = Check(standing.course.step, self._lesson.judge(vectors), own_cosine(vectors[self._known], self._own))
        standing.course = standing.course.checked(check)
        if standing.course.best is check:
            weights = {name: tensor.detach().cpu().contiguous() for name, tensor in self._module.state_dict().items()}
            write(weights, self._best, standing.course)
        save(standing, self._file)

    def _ending(self, standing: Standing) -> str | None:
        return standing.course.ending(self._config.most_cosine, self._config.patience)

    def _embed(self) -> Floats:
        """(n, d) of all prompts, as they would be served."""
        self._module.eval()
        order = sorted(range(len(self._ids)), key=lambda index: len(self._ids[index]))
        found: dict[int, Floats] = {}
        with torch.inference_mode():
            for start in range(0, len(order), _EMBEDDED_AT_ONCE):
                members = order[start : start + _EMBEDDED_AT_ONCE]
                vectors = self._module(*padded([self._ids[index] for index in members], self._device))
                found |= zip(members, vectors.cpu().numpy(), strict=True)
        return np.stack([found[index] for index in range(len(order))])

    def _restore_best(self) -> None:
        found = read(self._best)
        assert found is not None, "the first check writes it"
        self._module.load_state_dict(found[0])
        self._module.to("cpu").eval()


def own_cosine(vectors: Floats, own: np.ndarray) -> float:
    """Mean cosine of (n, d) vectors to the centroid of their domain, `own` (n,), after their mean is taken off.

    Hidden states of a shallow BERT share one large direction: uncentred, all cosines are near 1 from the start.
    """
    centred = vectors - vectors.mean(axis=0)
    unit = centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-12)
    return float((unit * _centroids(unit, own)[own]).sum(axis=1).mean())


def _centroids(vectors: Floats, own: np.ndarray) -> Floats:
    """(m, d) of unit length; every domain has a query."""
    sums = np.zeros((int(own.max()) + 1, vectors.shape[1]), np.float32)
    np.add.at(sums, own, vectors)
    unit: Floats = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
    return unit


def _fingerprint(source: Source, lesson: Lesson, config: TuneConfig) -> str:
    """Of all that decides how a run goes: another run's checkpoints are not taken for this one's."""
    digest = sha256(dumps([source.name, source.depth, source.max_length, asdict(config)]).encode())
    digest.update(dumps([list(lesson.prompts), list(lesson.domain_of)]).encode())
    for name, tensor in source.module.state_dict().items():
        digest.update(name.encode() + tensor.cpu().numpy().tobytes())
    return digest.hexdigest()[:16]

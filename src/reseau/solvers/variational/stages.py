"""An ascent from stage to stage: advance, judge, save."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from reseau.errors import Result

from .ascent import Chunk, State, advance, begin, restart
from .checkpoint import Trace, check_checkpoint, load, save
from .convergence import CHUNK, WINDOW, Judgement, judge
from .guides import Guide
from .schedule import Schedule
from .slots import HeavyTailed
from .unknowns import Unknowns

Report = Callable[[dict[str, float]], None]


class Limits(NamedTuple):
    """When to stop before the schedule is done, and where to keep the state.

    Attributes
    ----------
    max_steps
        Number of steps at most, of all runs together.
    time_limit
        Of this run [s].
    checkpoint
        File for the state, written at the end of each window and of the run.
    resume
        Whether to go on from that file.
    digest
        Of what the file belongs to.
    """

    max_steps: int | None = None
    time_limit: float | None = None
    checkpoint: Path | None = None
    resume: bool = False
    digest: str = ""


class Ended(NamedTuple):
    """Where an ascent ended.

    Attributes
    ----------
    guide
        As last seen with a finite ELBO.
    elbo, step
        Mean ELBO of each chunk, and the number of steps up to its end.
    judgement
        Of the last whole window, if there was one.
    result, why
        How it ended, in words too.
    steps, seconds
        Of all runs together.
    """

    guide: Guide
    elbo: Float[np.ndarray, "c"]
    step: Float[np.ndarray, "c"]
    judgement: Judgement | None
    result: Result
    why: str
    steps: int
    seconds: float


def ascend(
    density: HeavyTailed,
    unknowns: Unknowns,
    guide: Guide,
    schedule: Schedule,
    width: Float[np.ndarray, "d"],
    seed: int,
    limits: Limits,
    report: Report | None = None,
) -> Ended:
    """Fit a guide.

    Parameters
    ----------
    guide
        To begin with.
    width
        Expected σ of each entry, all others held, to judge by.
    seed
        Of the draws.
    report
        Called after each chunk.
    """
    run = _Run(density, unknowns, schedule, width, seed, limits, report)
    return run.go(begin(guide))


def _judgement(values: np.ndarray) -> Judgement:
    rise, noise, drift, pull = (float(v) for v in values[:4])
    return Judgement(rise, noise, drift, pull, int(values[4]))


class _Run:
    """What an ascent carries along."""

    def __init__(
        self,
        density: HeavyTailed,
        unknowns: Unknowns,
        schedule: Schedule,
        width: np.ndarray,
        seed: int,
        limits: Limits,
        report: Report | None,
    ) -> None:
        self.density, self.unknowns = jax.device_put((density, unknowns))
        self.schedule, self.width, self.limits = schedule, width, limits
        self.key, self.report = jax.random.key(seed), report
        self.trace = Trace([], [], 0, 0, [], [], [], np.zeros(0), np.zeros(0), 0.0)
        self.began = time.perf_counter()

    @property
    def judgement(self) -> Judgement | None:
        """Return what the last whole window said."""
        judged = self.trace.judged
        return _judgement(judged) if judged.size else None

    def go(self, state: State) -> Ended:
        """Run until the schedule or a limit ends it."""
        limits = self.limits
        if limits.checkpoint is not None and not limits.resume:
            check_checkpoint(limits.checkpoint)
        if limits.resume and limits.checkpoint and limits.checkpoint.exists():
            state, self.trace = load(limits.checkpoint, state, limits.digest)
            self.began = time.perf_counter()
        earlier = self.trace.seconds
        while self.trace.stage < len(self.schedule.stages):
            steps = self._steps(int(state.step))
            if not steps:
                return self._end(state, earlier, Result.NOT_CONVERGED, self._limit())
            rate = self.schedule.stages[self.trace.stage].rate
            after, chunk = advance(
                self.density,
                self.unknowns,
                state,
                self.key,
                jnp.asarray(rate),
                jnp.asarray(steps),
            )
            elbo = np.asarray(chunk.elbo)[:steps]
            if not np.all(np.isfinite(elbo)):
                bad = int(state.step) + int(np.argmin(np.isfinite(elbo))) + 1
                return self._end(state, earlier, Result.DIVERGED, self._diverged(bad))
            state = self._record(after, chunk, elbo, steps, earlier)
        result = Result.NOT_CONVERGED
        if self.judgement is not None and self.judgement.settled:
            result = Result.SUCCESSFUL
        return self._end(state, earlier, result, "the schedule is done")

    def _steps(self, done: int) -> int:
        """Return how many steps to take now; none where a limit is reached."""
        limits = self.limits
        spent = time.perf_counter() - self.began
        if limits.time_limit is not None and spent >= limits.time_limit:
            return 0
        left = self.schedule.stages[self.trace.stage].steps - self.trace.in_stage
        if limits.max_steps is not None:
            left = min(left, limits.max_steps - done)
        return max(min(CHUNK, left), 0)

    def _record(
        self, state: State, chunk: Chunk, elbo: np.ndarray, steps: int, earlier: float
    ) -> State:
        """Note what a chunk gave; judge a window that is full; go on to a stage."""
        t = self.trace
        t.elbo.append(float(np.mean(elbo)))
        t.step.append(int(state.step))
        t.window_elbo.append(t.elbo[-1])
        t.window_mean.append(np.asarray(chunk.mean))
        t.window_gradient.append(np.asarray(chunk.gradient))
        self.trace = t = t._replace(
            in_stage=t.in_stage + steps,
            seconds=earlier + time.perf_counter() - self.began,
        )
        full = len(t.window_elbo) == WINDOW
        level = self._judge_window() if full else False
        stage = self.schedule.stages[t.stage]
        if self.report is not None:
            self.report(self._line(stage.rate))
        if t.in_stage >= stage.steps or (level and self.schedule.early):
            state = restart(state)
            self.trace = self.trace._replace(
                stage=t.stage + 1,
                in_stage=0,
                window_elbo=[],
                window_mean=[],
                window_gradient=[],
                before=np.zeros(0),
            )
        if full and self.limits.checkpoint is not None:
            save(self.limits.checkpoint, state, self.trace, self.limits.digest)
        return state

    def _judge_window(self) -> bool:
        """Judge a full window and open the next; return whether the stage is done."""
        t = self.trace
        means = np.stack(t.window_mean)
        before = t.before if t.before.size else None
        judged = judge(
            np.array(t.window_elbo),
            means,
            np.stack(t.window_gradient),
            before,
            self.width,
        )
        self.trace = t._replace(
            window_elbo=[],
            window_mean=[],
            window_gradient=[],
            before=np.mean(means, axis=0),
            judged=np.array(judged),
        )
        return before is not None and judged.resting

    def _line(self, rate: float) -> dict[str, float]:
        t, judged = self.trace, self.judgement
        return {
            "step": t.step[-1],
            "stage": t.stage,
            "rate": rate,
            "elbo": t.elbo[-1],
            "drift": judged.drift if judged else np.inf,
            "pull": judged.pull if judged else np.inf,
            "seconds": t.seconds,
        }

    def _limit(self) -> str:
        return (
            f"a limit ended it in stage {self.trace.stage + 1} of "
            f"{len(self.schedule.stages)}"
        )

    def _diverged(self, step: int) -> str:
        path = self.limits.checkpoint
        kept = f"is in {path}" if path else "is the result (no checkpoint was named)"
        good = self.trace.step[-1] if self.trace.step else 0
        return (
            f"the ELBO became NaN or infinite at step {step}; the last good state, "
            f"that of step {good}, {kept}"
        )

    def _end(self, state: State, earlier: float, result: Result, why: str) -> Ended:
        if self.limits.checkpoint is not None:
            save(self.limits.checkpoint, state, self.trace, self.limits.digest)
        return Ended(
            guide=jax.tree.map(np.asarray, state.guide),
            elbo=np.array(self.trace.elbo),
            step=np.array(self.trace.step, dtype=float),
            judgement=self.judgement,
            result=result,
            why=why,
            steps=int(state.step),
            seconds=earlier + time.perf_counter() - self.began,
        )

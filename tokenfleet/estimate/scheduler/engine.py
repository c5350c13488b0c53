"""vLLM's scheduler, played: which requests a step serves, and so when each gets its tokens.

After vllm/v1/core/sched/scheduler.py of vLLM 0.32, first come, first served. Running requests get
their token first, in the order in which they were admitted, and the one whose prompt was begun its
next chunk. Then waiting ones are admitted in the order in which they came while a step has tokens
left, fewer run than may and their whole prompts fit the KV cache (scheduler_reserve_full_isl). If
a running one finds no room, the last admitted gives up its cache, goes back to the head of those
that wait and has to be read again, with what it has written; then nobody is admitted in that step.
"""

import heapq
import math
from collections import deque

from tokenfleet.estimate.scheduler.limits import Limits
from tokenfleet.estimate.scheduler.played import Gap, Stretch
from tokenfleet.estimate.scheduler.record import Record
from tokenfleet.estimate.scheduler.room import Room
from tokenfleet.estimate.scheduler.sent import Client, Sent
from tokenfleet.estimate.step.times import StepTimes

# Steps grow longer by a few per cent at most while nothing happens: each search leaves so much of the error.
_SEARCHES = 4


class Engine:
    """An engine in the middle of a run. Of ``running``, ``reading`` is the one whose prompt is not read to its end."""

    def __init__(self, step: StepTimes, limits: Limits, client: Client) -> None:
        self._record = Record()
        self._step, self._limits = step, limits
        self._client = client
        self._waiting: deque[Sent] = deque()
        self._running: dict[int, Sent] = {}
        self._reading: Sent | None = None
        self._ends: list[tuple[int, int]] = []
        self._room = Room(limits, step.model)
        self._admitted = 0
        # When the next step was decided on.
        self._decided = 0.0

    def run(self) -> Record:
        """Until every request has ended."""
        client = self._client
        while client.unsent or self._waiting or self._running:
            while client.sends_next <= self._decided:
                self._waiting.append(client.sent())
            if not self._waiting and not self._running:
                self._record.now = self._decided = client.sends_next
                continue
            chunked = self._limits.chunked
            # Who is read alone holds up the others: only where it has room for a token after that.
            admits = self._may_admit(len(self._running) + (not chunked))
            if admits and not chunked:
                self._read_alone()
            elif not admits and not self._reading and (alike := self._steps_alike()):
                self._decode(alike)
            else:
                self._step_beside()
        return self._record

    def _may_admit(self, more: int = 0) -> bool:
        """Whether who waits longest has a place, and all of its prompt room beside ``more`` tokens to come."""
        if not self._waiting:
            return False
        first = self._waiting[0]
        return self._room.admits(len(self._running), more + first.held + first.unread)

    def _admit(self) -> Sent:
        admitted = self._waiting.popleft()
        self._admitted += 1
        self._running[self._admitted] = admitted
        self._room.tokens += admitted.held
        return admitted

    def _read_alone(self) -> None:
        """A step that reads one prompt to its end while whatever runs gets no token."""
        if not self._record.is_stalled:
            self._record.stall(len(self._running))
        admitted = self._admit()
        read, admitted.unread = admitted.unread, 0
        computing = self._step.prefill(read, admitted.held)
        self._room.tokens += read
        seconds = self._step.mixed(1, admitted.held + read, read - 1, computing)
        self._pass(seconds, read=read, finished=1)
        self._begin_writing(self._admitted)
        if admitted.left:
            self._record.stall(1)
        self._end_finished()

    def _step_beside(self) -> None:
        """A step that gives what runs a token each and reads prompts with what is left of it."""
        is_short = self._make_room()
        if is_short and not self._running:
            self._drain()
            return
        decoded = len(self._running) - (self._reading is not None)
        self._room.tokens += decoded
        left, computing, finished = self._limits.batched_tokens - decoded, 0.0, list[int]()
        while left > 0 and (self._reading or (not is_short and self._may_admit())):
            self._reading = reading = self._reading or self._admit()
            chunk = min(left, reading.unread)
            is_last = chunk == reading.unread
            # The last token of a prompt gives the first of the answer: it counts as running.
            computing += self._step.prefill(chunk - is_last, reading.held)
            reading.held += chunk
            reading.unread -= chunk
            self._room.tokens += chunk
            left -= chunk
            if is_last:
                finished.append(self._admitted)
                self._reading = None
        running = decoded + len(finished)
        held = self._room.tokens - (self._reading.held if self._reading else 0)
        read = self._limits.batched_tokens - decoded - left
        seconds = self._step.mixed(
            running, held / running if running else 0.0, read - len(finished), computing
        )
        self._pass(seconds, decoded=decoded, read=read, finished=len(finished))
        for number in finished:
            self._begin_writing(number)
        self._end_finished()

    def _steps_alike(self) -> int:
        """How many steps nobody ends before, arrives or lacks room in."""
        running = len(self._running)
        steps = min(
            self._ends[0][0] - self._record.steps,
            self._room.steps(running),
        )
        if self._waiting:
            # It waits for one to end; those that have ended have left after this step.
            return int(min(steps, 1) if self._room.is_freed_late else steps)
        sent = self._client.sends_next
        if running < self._limits.sequences and sent < math.inf:
            steps = self._steps_until(sent, int(steps)) if steps >= 1 else 0
        return int(steps)

    def _steps_until(self, sent: float, most: int) -> int:
        """After how many steps a request is seen that is sent then, at most ``most``; the longer they, the fewer."""
        steps = 1
        for _ in range(_SEARCHES):
            whole = math.ceil((sent - self._record.now) / self._mean_step(steps))
            found = max(1, min(most, whole + self._step.overlaps))
            if found == steps:
                break
            steps = found
        return steps

    def _mean_step(self, steps: int) -> float:
        """Seconds of each of so many steps without prompts."""
        running = len(self._running)
        return self._step.decode(running, self._room.tokens / running + (steps + 1) / 2)

    def _decode(self, steps: int) -> None:
        """Steps in which only those that run get a token."""
        running, seconds = len(self._running), self._mean_step(steps)
        self._room.tokens += steps * running
        self._pass(seconds, steps, decoded=running)
        self._end_finished()

    def _make_room(self) -> bool:
        """Preempt those admitted last until the step fits; whether that was needed."""
        is_short = False
        while self._running:
            running, chunk = len(self._running), 0
            if self._reading:
                running -= 1
                chunk = min(self._reading.unread, self._limits.batched_tokens - running)
            if self._room.fits(len(self._running), running + chunk):
                break
            self._preempt()
            is_short = True
        return is_short

    def _preempt(self) -> None:
        _, last = self._running.popitem()
        self._room.tokens -= last.held_after(self._record.steps)
        if last is self._reading:
            self._reading = None
        last.begin_again(self._record.steps, self._record.now)
        self._waiting.appendleft(last)

    def _pass(
        self, seconds: float, steps: int = 1, *, decoded: int = 0, read: int = 0, finished: int = 0
    ) -> None:
        self._record.passed(
            Stretch(
                end=self._record.now,
                seconds=seconds,
                steps=steps,
                served=decoded + finished + (self._reading is not None),
                decoded=decoded,
                read=read,
                finished=finished,
                running=len(self._running),
                kv_tokens=self._room.tokens,
            )
        )
        self._decided = self._record.now - seconds if self._step.overlaps else self._record.now
        self._room.settle()

    def _begin_writing(self, number: int) -> None:
        """It has its next token, and runs with the others from now on."""
        begun, now = self._running[number], self._record.now
        if begun.first is not None:
            self._record.gaps.append(Gap(now, now - begun.latest, 1))
        begun.write(self._record.steps, now)
        heapq.heappush(self._ends, (begun.last_step, number))

    def _end_finished(self) -> None:
        """Of those preempted an end is left over under a number that no longer runs."""
        while self._ends and (
            self._ends[0][0] <= self._record.steps or self._ends[0][1] not in self._running
        ):
            _, number = heapq.heappop(self._ends)
            if ended := self._running.pop(number, None):
                self._room.leave(
                    ended.held_after(self._record.steps), is_decided=self._step.overlaps
                )
                self._client.answered(self._record.now)
                self._record.answers.append(ended.answer(self._record.now))
        if not self._running:
            self._drain()

    def _drain(self) -> None:
        """Nobody runs, so the next step is yet to be decided on."""
        self._decided = self._record.now
        self._room.settle()

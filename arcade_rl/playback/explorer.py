"""The commands with which people search a game's memory, one line each, whoever types them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import cv2
import numpy as np
import numpy.typing as npt

from arcade_rl.config import Resolved
from arcade_rl.contracts import Frame
from arcade_rl.errors import UsageError
from arcade_rl.playback.library import Episode, Run
from arcade_rl.playback.machine import RETURN, Machine
from arcade_rl.playback.memories import Proof, memory_of, noted, replay_of, trace_of
from arcade_rl.ram.kinds import BYTE, KINDS, NO_NUMBER, NumberKind, address_of, kind_of
from arcade_rl.ram.lines import metric_lines, written_test
from arcade_rl.ram.maps import Named, read_map
from arcade_rl.ram.ranking import MemoryTrace, Proposal, rank, rank_changes
from arcade_rl.ram.search import AGAINST_BEFORE, AGAINST_VALUE, Memory, Search

LISTED = 20
"""Addresses that `list` shows unless a number is given."""
PROPOSED = 5
"""Places that `find` shows."""
MOST_STEPS = 1_000_000
"""Largest number of steps of one `play`."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command says: a sentence, a table, or both."""

    text: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Instruction:
    """A command as the help shows it."""

    usage: str
    meaning: str


INSTRUCTIONS = (
    Instruction("play N [ACTION]", "play N steps, at random or with an action held"),
    Instruction("reset [SEED]", "begin an episode; frozen bytes are free again"),
    Instruction("kind KIND", f"search numbers of this kind, from all addresses: {KINDS[0].name}, s8, bcd8, u16le ..."),
    Instruction("snapshot", "compare with the present values from now on"),
    Instruction("changed | same | greater | less", "keep what stands so to the last snapshot, and take a new one"),
    Instruction("is | not | above | below N", "keep what stands so to a number, and take a snapshot"),
    Instruction("by N", "keep what grew by N, which may be negative"),
    Instruction("changes N", "keep what changed in N of the steps that were played"),
    Instruction("undo", "take the last of these back"),
    Instruction("list [N]", "the first N addresses that are left"),
    Instruction("watch ADDRESS[:KIND] NAME", "show a place under a name from now on, after every command that plays"),
    Instruction("unwatch NAME", "forget a watched place"),
    Instruction("import FILE", "watch the places of a .wch, .mlb, .nl or data.json"),
    Instruction("poke ADDRESS[:KIND] VALUE", "write a number; metrics are not known from then on"),
    Instruction("freeze ADDRESS[:KIND] [VALUE]", "write a number anew after every step, its present one by default"),
    Instruction("thaw [ADDRESS]", "free a frozen place, or all"),
    Instruction("episodes RUN [N]", "look at the N longest recorded episodes of a run instead of what was played"),
    Instruction("find SERIES", f"which places hold a metric or the {RETURN}, by all episodes that are looked at"),
    Instruction("find FILE.csv", "the same for notes, with the columns step and value, and episode"),
    Instruction("find changes:3,17,40", "which bytes change at just these steps of the first episode"),
    Instruction("proof ADDRESS[:KIND] VALUE [STEP]", "change a number in a recorded episode, and play its actions on"),
    Instruction("picture FILE.png", "write the picture on show"),
    Instruction("pictures FOLDER", "write pictures of each place of the last `find`, before and after a change"),
    Instruction("lines [FOLDER]", "lines of Python for the watched places, and a test; into files in a folder"),
    Instruction("help", "this list"),
    Instruction("quit", "end"),
)  # fmt: skip
"""Every command."""


@dataclass(frozen=True, slots=True)
class KnownPlace:
    """A place in memory, and what is known of it."""

    place: Named
    """Where it is; its name is the one under which it is watched, or ""."""
    now: str
    """The number there; "-" where the bytes are none."""
    before: str
    """The number at the last snapshot; "" where the search reads other kinds of numbers."""
    changes: int
    """In how many of the steps that were played its first byte changed."""
    proposed: str
    """The series that the last `find` proposed it for and its rank, such as "score #1", or ""."""

    @property
    def address(self) -> str:
        """The address as people read it."""
        return _hex(self.place.address)


class Explorer:
    """A machine, a search in its memory, and what was found. Close the explorer after use."""

    def __init__(
        self, resolved: Resolved, runs_dir: str | None, seed: int = 0, sound: bool = False
    ) -> None:
        """`sound`: whether the machine's steps have sound. UsageError for a game without memory."""
        self._runs_dir = runs_dir
        self._options = resolved.options.model_dump(mode="json", exclude_unset=True)
        self.machine = Machine(resolved, seed, sound)
        self.search = Search(self.machine.memory)
        self.watched: dict[str, Named] = {}
        self.proposals: list[Proposal] = []
        """Places that the last `find` named."""
        self.sought = ""
        """The series of the last `find`."""
        self._episodes: list[Episode] = []
        self.is_over = False

    def close(self) -> None:
        """Free the machine."""
        self.machine.close()

    def do(self, line: str) -> Answer:
        """Do what a line says; an empty line, and one that begins with "#", does nothing. UsageError
        where that cannot be done, and other errors as the parts have them; nothing changes then."""
        words = line.partition("#")[0].split()
        if not words:
            return Answer()
        name, rest = words[0], words[1:]
        if name in AGAINST_BEFORE or name in AGAINST_VALUE or name in ("by", "changes"):
            return self._filter(name, rest)
        do = _DONE_BY.get(name)
        if do is None:
            raise UsageError(f"there is no command {name!r:.20}; `help` lists them all")
        return do(self, rest)

    def step(self, action: npt.ArrayLike | None = None) -> None:
        """Play a step, at random for None. Errors are those of `Machine.step`."""
        self.machine.step(action)
        self.search.saw(self.machine.memory)

    # What is known of places

    def left(self, first: int, count: int) -> list[KnownPlace]:
        """The addresses that are left, from number `first` on, in rising order."""
        kind = self.search.kind
        few = self.search.addresses[first : first + count]
        return self.known([Named("", at, kind) for at in map(int, few)])

    def proposed(self) -> list[KnownPlace]:
        """The places that the last `find` named, best first."""
        return self.known([Named("", one.address, one.kind) for one in self.proposals])

    def known(self, places: Sequence[Named]) -> list[KnownPlace]:
        """What is known of places."""
        memory = self.machine.memory
        return [self._known(place, memory) for place in places]

    def _known(self, place: Named, memory: Memory) -> KnownPlace:
        at, kind = place.address, place.kind
        names = [one.name for one in self.watched.values() if (one.address, one.kind) == (at, kind)]
        ranks = [rank for rank, one in enumerate(self.proposals, 1) if one.address == at]
        return KnownPlace(
            replace(place, name=place.name or ", ".join(names)),
            _number(kind, memory, at),
            _shown(self.search.before(at)) if kind == self.search.kind else "",
            int(self.search.changes[at]),
            f"{self.sought} #{ranks[0]}" if ranks else "",
        )

    # Playing

    def _play(self, words: Sequence[str]) -> Answer:
        count, action = _expect(words, 1, 2)
        steps = _whole(count, "a number of steps", 1, MOST_STEPS)
        chosen = self.machine.action_of(action or "random")
        for _ in range(steps):
            self.step(chosen)
        return self._state()

    def _reset(self, words: Sequence[str]) -> Answer:
        (seed,) = _expect(words, 0, 1)
        self.machine.reset(self.machine.seed if seed is None else _whole(seed, "a seed", 0, 2**62))
        return self._state()

    def _state(self) -> Answer:
        """Where the episode is, and the watched places."""
        machine, memory = self.machine, self.machine.memory
        over = ", over" if machine.is_over else ""
        text = f"seed {machine.seed}, step {machine.steps}{over}"
        rows = [
            (name, _hex(place.address), place.kind.name, _number(place.kind, memory, place.address))
            for name, place in self.watched.items()
        ]
        return Answer(text, ("name", "address", "kind", "value"), tuple(rows)) if rows else Answer(text)  # fmt: skip

    # Searching

    def _kind(self, words: Sequence[str]) -> Answer:
        (name,) = _expect(words, 1, 1)
        self.search.begin(self.machine.memory, kind_of(str(name)))
        return self._left()

    def _snapshot(self, words: Sequence[str]) -> Answer:
        _expect(words, 0, 0)
        self.search.snapshot(self.machine.memory)
        return self._left()

    def _filter(self, relation: str, words: Sequence[str]) -> Answer:
        least = 0 if relation in AGAINST_BEFORE else 1
        operand = None if not least and not words else _expect(words, least, least)[0]
        value = None if operand is None else _whole(operand, "a number", -(2**40), 2**40)
        self.search.keep(relation, self.machine.memory, value)
        return self._left()

    def _undo(self, words: Sequence[str]) -> Answer:
        _expect(words, 0, 0)
        self.search.undo()
        return self._left()

    def _left(self) -> Answer:
        """How many addresses are left, and which where they are few."""
        found = self._list([])
        return found if len(self.search.addresses) <= LISTED else Answer(found.text)

    def _list(self, words: Sequence[str]) -> Answer:
        (count,) = _expect(words, 0, 1)
        most = LISTED if count is None else _whole(count, "a number of addresses", 1, 10**6)
        columns = ("address", "now", "snapshot", "changes", "name", "proposed")
        rows = [
            (one.address, one.now, one.before, str(one.changes), one.place.name, one.proposed)
            for one in self.left(0, most)
        ]
        left = len(self.search.addresses)
        text = f"{left} address{'es' * (left != 1)} of {self.search.kind.name}"
        return Answer(text, columns, tuple(rows))

    # Watching and writing

    def _place(self, text: str) -> tuple[int, NumberKind]:
        """The place ADDRESS[:KIND]."""
        address, _, kind = text.partition(":")
        found = kind_of(kind) if kind else BYTE
        return address_of(address, len(self.machine.memory) - found.size + 1), found

    def _watch(self, words: Sequence[str]) -> Answer:
        place, name = _expect(words, 2, 2)
        if not re.fullmatch(r"[a-z][a-z0-9_]*", str(name)):
            raise UsageError(f"{name!r:.30} is no name; expected lower case, digits and _, such as score")  # fmt: skip
        address, kind = self._place(str(place))
        self.watched[str(name)] = Named(str(name), address, kind)
        return self._state()

    def _unwatch(self, words: Sequence[str]) -> Answer:
        (name,) = _expect(words, 1, 1)
        if name not in self.watched:
            raise UsageError(f"{name!r:.30} is not watched; expected one of {', '.join(self.watched)}")  # fmt: skip
        del self.watched[name]
        return self._state()

    def _import(self, words: Sequence[str]) -> Answer:
        (path,) = _expect(words, 1, 1)
        size = len(self.machine.memory)
        places = read_map(Path(str(path)))
        inside = [place for place in places if place.address + place.kind.size <= size]
        for place in inside:
            name = re.sub(r"[^a-z0-9]+", "_", place.name.lower()).strip("_") or "unnamed"
            name = name if name[0].isalpha() else f"at_{name}"
            self.watched[name] = place
        outside = len(places) - len(inside)
        text = f"{len(inside)} places" + (f"; {outside} lie beyond {size} bytes" if outside else "")
        return replace(self._state(), text=text)

    def _poke(self, words: Sequence[str]) -> Answer:
        place, value = _expect(words, 2, 2)
        address, kind = self._place(str(place))
        self.machine.poke(address, kind.bytes_of(_whole(str(value), "a number", -(2**40), 2**40)))
        return self._state()

    def _freeze(self, words: Sequence[str]) -> Answer:
        place, value = _expect(words, 1, 2)
        address, kind = self._place(str(place))
        data = bytes(self.machine.memory[address : address + kind.size])
        if value is not None:
            data = kind.bytes_of(_whole(value, "a number", -(2**40), 2**40))
        self.machine.poke(address, data)
        self.machine.frozen |= {address + k: byte for k, byte in enumerate(data)}
        return self._state()

    def _thaw(self, words: Sequence[str]) -> Answer:
        (text,) = _expect(words, 0, 1)
        if text is None:
            self.machine.frozen.clear()
            return self._state()
        address, kind = self._place(text)
        for at in range(address, address + kind.size):
            self.machine.frozen.pop(at, None)
        return self._state()

    # Comparing with episodes

    def _take(self, words: Sequence[str]) -> Answer:
        run, count = _expect(words, 1, 2)
        most = 3 if count is None else _whole(count, "a number of episodes", 1, 1000)
        game = self.machine.game.name
        found = Run(str(run), self._runs_dir).episodes(sort="-length", limit=most)
        if not found:
            raise UsageError(f"{run} has no recorded episode; train with recording.criteria")
        if found[0].metadata.game != game:
            raise UsageError(f"{run} plays {found[0].metadata.game}; expected a run of {game}")
        self._episodes = found
        rows = [(one.where, str(one.length), f"{one.return_:g}") for one in found]
        return Answer(f"{len(found)} episodes", ("episode", "steps", "return"), tuple(rows))

    def _find(self, words: Sequence[str]) -> Answer:
        (what,) = _expect(words, 1, 1)
        self.proposals, self.sought = self._ranked(str(what)), Path(str(what)).name
        rows = [
            (
                _hex(one.address), one.kind.name, f"{one.equal:.0%}", f"{one.together:.0%}",
                f"{one.fit:.3f}", _line(one),
            )
            for one in self.proposals
        ]  # fmt: skip
        columns = ("address", "kind", "equal", "changes together", "fit", "series is about")
        return Answer(f"{what}: the best {len(rows)} places", columns, tuple(rows))

    def _ranked(self, what: str) -> list[Proposal]:
        if what.startswith("changes:"):
            steps = [_whole(word, "a step", 1, MOST_STEPS) for word in what[8:].split(",")]
            return rank_changes([self._memories()[0]], [steps], PROPOSED)
        if what.endswith(".csv"):
            memories = self._memories()
            series = noted(Path(what), [len(memory) for memory in memories])
            return rank(
                [MemoryTrace(m, s) for m, s in zip(memories, series, strict=True)], PROPOSED
            )
        if self._episodes:
            return rank([trace_of(episode, what) for episode in self._episodes], PROPOSED)
        declaration = self.machine.declaration
        known = [RETURN, *(metric.name for metric in declaration.metrics)]
        if what not in known:
            raise UsageError(f"there is no series {what!r:.30}; expected {', '.join(known)}, or a file")  # fmt: skip
        histories = [one for one in self.machine.histories if one.rewards]
        if not histories:
            raise UsageError("nothing was played; `play 1000`, or take `episodes RUN`")
        return rank([history.trace(what, declaration) for history in histories], PROPOSED)

    def _memories(self) -> list[Memory]:
        """The memory of every episode that is looked at."""
        if self._episodes:
            return [memory_of(episode) for episode in self._episodes]
        return [np.stack(history.memory) for history in self.machine.histories if history.rewards]

    def _proof(self, words: Sequence[str]) -> Answer:
        place, value, step = _expect(words, 2, 3)
        if not self._episodes:
            raise UsageError("a proof needs a recorded episode; take some with `episodes RUN`")
        episode = self._episodes[0]
        address, kind = self._place(str(place))
        at = episode.length // 2 if step is None else _whole(step, "a step", 0, MOST_STEPS)
        proof = Proof(episode, address, kind, _whole(str(value), "a number", -(2**40), 2**40), at)
        stays = "lasts" if proof.is_source else f"is written over after {proof.stays} steps"
        follow = ", ".join(map(_hex, proof.followers[:8])) or "none"
        shows = "differ" if proof.shows else "are the same"
        return Answer(
            f"{_hex(address)} becomes {value} after step {at} of {episode.where}: the change {stays}; "
            f"pictures {shows}; other places that differ at the end: {follow}"
        )

    # Writing files

    def _picture(self, words: Sequence[str]) -> Answer:
        (path,) = _expect(words, 1, 1)
        _write_picture(Path(str(path)), self.machine.picture)
        return Answer(f"wrote {path}")

    def _pictures(self, words: Sequence[str]) -> Answer:
        (folder,) = _expect(words, 1, 1)
        if not self.proposals or not self._episodes:
            raise UsageError("pictures need `episodes RUN` and then `find SERIES`")
        episode = self._episodes[0]
        memory, written = memory_of(episode), []
        Path(str(folder)).mkdir(parents=True, exist_ok=True)
        with replay_of(episode) as replay:
            for place in self.proposals:
                values = place.kind.read(memory)[:, place.address]
                moments = np.flatnonzero(values[1:] != values[:-1])
                if not len(moments):
                    continue
                at = int(moments[len(moments) // 2])
                both = [replay.seek(step).frames[-1] for step in (at, at + 1)]
                gap = np.full((both[0].shape[0], 8, 3), 255, np.uint8)
                path = (
                    Path(str(folder)) / f"{_hex(place.address)}-{place.kind.name}-step-{at + 1}.png"
                )
                _write_picture(path, np.concatenate([both[0], gap, both[1]], axis=1))
                written.append((str(path), str(values[at]), str(values[at + 1])))
        return Answer(f"{len(written)} pictures", ("file", "before", "after"), tuple(written))

    def _lines(self, words: Sequence[str]) -> Answer:
        (folder,) = _expect(words, 0, 1)
        if not self.watched:
            raise UsageError("nothing is watched; `watch ADDRESS NAME` first")
        game, memory = self.machine.game.name, self.machine.memory
        lines = metric_lines(self.watched)
        history = self.machine.histories[-1]
        test = written_test(
            game, self._options, self.watched, self.machine.seed, memory, history.actions
        )
        if folder is None:
            return Answer(f"{lines}\n\n{test}")
        Path(str(folder)).mkdir(parents=True, exist_ok=True)
        for name, text in ((f"{game}_memory.py", lines), (f"test_{game}_memory.py", test)):
            (Path(str(folder)) / name).write_text(text + "\n", encoding="utf-8")
        return Answer(f"wrote {folder}/{game}_memory.py and {folder}/test_{game}_memory.py")

    def _help(self, words: Sequence[str]) -> Answer:
        rows = tuple((one.usage, one.meaning) for one in INSTRUCTIONS)
        return Answer("", ("command", "does"), rows)

    def _quit(self, words: Sequence[str]) -> Answer:
        self.is_over = True
        return Answer()


_DONE_BY: Mapping[str, Callable[[Explorer, Sequence[str]], Answer]] = MappingProxyType(
    {
        "play": Explorer._play, "reset": Explorer._reset, "kind": Explorer._kind,
        "snapshot": Explorer._snapshot, "undo": Explorer._undo, "list": Explorer._list,
        "watch": Explorer._watch, "unwatch": Explorer._unwatch, "import": Explorer._import,
        "poke": Explorer._poke, "freeze": Explorer._freeze, "thaw": Explorer._thaw,
        "episodes": Explorer._take, "find": Explorer._find, "proof": Explorer._proof,
        "picture": Explorer._picture, "pictures": Explorer._pictures, "lines": Explorer._lines,
        "help": Explorer._help, "quit": Explorer._quit,
    }
)  # fmt: skip


def _expect(words: Sequence[str], least: int, most: int) -> list[str | None]:
    """The words, with None for those that are left out. UsageError for too few or too many."""
    if not least <= len(words) <= most:
        count = str(least) if least == most else f"{least} to {most}"
        raise UsageError(f"{len(words)} words follow the command; expected {count}; see `help`")
    return [*words, *[None] * (most - len(words))]


def _whole(text: str | None, what: str, least: int, most: int) -> int:
    """A whole number, in decimal digits or as 0x1f. UsageError for anything else."""
    try:
        value = int(str(text), 0)
    except ValueError as error:
        raise UsageError(f"{text!r:.20} is not {what}; expected a whole number") from error
    if not least <= value <= most:
        raise UsageError(f"{value} is not {what} here; expected {least} to {most}")
    return value


def _hex(address: int) -> str:
    return f"0x{address:02x}"


def _number(kind: NumberKind, memory: Memory, address: int) -> str:
    """The number at an address as people read it."""
    return _shown(int(kind.read(memory[address : address + kind.size])[0]))


def _shown(value: int) -> str:
    """A value that was read, as people read it."""
    return "-" if value == NO_NUMBER else str(value)


def _line(one: Proposal) -> str:
    """The series by the number in memory, x."""
    if one.is_same:
        return "x"
    offset = round(one.offset, 3)
    return f"{one.scale:.4g} x" + (
        f" {'+' if offset > 0 else '-'} {abs(offset):g}" if offset else ""
    )


def _write_picture(path: Path, picture: Frame) -> None:
    """Write a PNG. UsageError for another suffix."""
    if path.suffix != ".png":
        raise UsageError(f"{path} is no PNG by its name; expected FILE.png")
    data = cv2.imencode(".png", np.ascontiguousarray(picture[:, :, ::-1]))[1]
    path.write_bytes(data.tobytes())

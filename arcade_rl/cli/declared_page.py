"""The page of a game, in Markdown, from what it declares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from arcade_rl.config import Resolved
from arcade_rl.config.keys import option_keys
from arcade_rl.contracts import Declaration, Metric, Stage
from arcade_rl.registry import configurations

_BETTER = {"up": "higher", "down": "lower", "none": ""}
_AGGREGATION = {
    "last": "the value of its last step",
    "sum": "the sum over its steps",
    "max": "the highest of its steps",
    "mean": "the mean of its steps",
}


def page_of(resolved: Resolved, assignments: Sequence[str] = (), measured: str = "") -> str:
    """The page of a game under these options. `assignments` are named as the command that writes it;
    `measured`: Markdown that nothing declares, for the end of the page."""
    game, declaration = resolved.game, resolved.declaration
    words = "".join(f" --set {one}" for one in assignments)
    lines = [
        f"# {game.name}",
        "",
        game.summary,
        "",
        f"`arcade-rl plugins docs {game.name}{words}` has written this page from what the game declares.",
        "",
        *_configurations(game.name),
        *_section("Options", ["option", "takes", "default", "meaning"], _options(resolved)),
        *_section(
            "Metrics",
            ["metric", "meaning", "unit", "better", "of an episode", "bounds"],
            [_metric(metric, declaration) for metric in declaration.metrics],
        ),
        *_section(
            "Reward terms",
            ["term", "weight", "measures"],
            [
                [f"`{term.name}`", f"{weight:g}", term.measures]
                for term, weight in zip(declaration.terms, resolved.weights, strict=True)
            ],
        ),
        *_actions(declaration),
        *_observations(declaration),
        *_section(
            "Stages",
            ["stage", "plays", "goes on"],
            [[f"`{stage.name}`", stage.summary, _promotion(stage)] for stage in declaration.stages],
        ),
        *_section(
            "Opponents and built-in policies",
            ["name", "plays"],
            [[f"`{one.name}`", one.summary] for one in declaration.opponents],
        ),
        *_section(
            "Networks of its own",
            ["`train.policy`", "computes"],
            [[f"`{one.name}`", one.summary] for one in declaration.policies],
        ),
        *_section(
            "Gauges",
            ["gauge", "from", "to", "unit"],
            [[one.name, f"{one.low:g}", f"{one.high:g}", one.unit] for one in declaration.gauges],
        ),
        "## What it can",
        "",
        *(f"- {fact}" for fact in _facts(declaration)),
    ]
    page = "\n".join(lines) + "\n"
    return f"{page}\n{measured.strip()}\n" if measured else page


def _configurations(game: str) -> Iterator[str]:
    names = list(configurations(game)) or [""]
    yield "```"
    yield from (f"arcade-rl train {game}{':' if name else ''}{name}" for name in names)
    yield from ["```", ""]


def _section(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    if not rows:
        return
    yield from [f"## {title}", ""]
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(_escaped(cell) for cell in row)} |"
    yield ""


def _escaped(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _options(resolved: Resolved) -> list[list[str]]:
    keys = option_keys(type(resolved.options))
    return [
        [
            f"`{key.name}`",
            f"`{key.type}`",
            f"`{key.default}`" if key.default else "must be set",
            key.meaning,
        ]
        for key in keys
    ]


def _metric(metric: Metric, declaration: Declaration) -> list[str]:
    name = f"`{metric.name}`" + (" (main)" if metric.name == declaration.main_metric else "")
    label = metric.label + ("; a change is marked in timelines" if metric.is_event else "")
    low, high = (
        "" if bound is None else metric.render(bound) for bound in (metric.least, metric.most)
    )
    bounds = (
        f"{low} to {high}"
        if low and high
        else f"{low} or more"
        if low
        else f"{high} or less"
        if high
        else ""
    )
    return [
        name,
        label,
        metric.unit,
        _BETTER[metric.better],
        _AGGREGATION[metric.aggregation],
        bounds,
    ]


def _actions(declaration: Declaration) -> Iterator[str]:
    yield from ["## Actions", "", ", ".join(f"`{name}`" for name in declaration.actions) + "."]
    if declaration.masks:
        yield "Some are forbidden at times."
    pressed = declaration.pressed
    if pressed is None:
        yield from ["", "People cannot play it.", ""]
        return
    keys = [f"{one.name} ({', '.join(one.keys)})" for one in pressed.buttons]
    yield from ["", f"People press {', '.join(keys)}.", ""]


def _observations(declaration: Declaration) -> Iterator[str]:
    yield from ["## Observations", ""]
    if declaration.frame_stack > 1:
        yield f"The last {declaration.frame_stack} frames, oldest first."
    if declaration.feature_groups:
        yield f"{len(declaration.features)} numbers:"
        yield ""
        for group in declaration.feature_groups:
            yield f"- {group.name}: {', '.join(declaration.features[k] for k in group.places)}"
    elif declaration.features:
        yield f"{len(declaration.features)} numbers: {', '.join(declaration.features)}."
    elif declaration.frame_stack == 1:
        yield "The game has no names for the numbers that the agent sees."
    yield ""


def _promotion(stage: Stage) -> str:
    rule = stage.promotion
    if rule is None:
        return "never: it is the last"
    return (
        f"when the mean `{rule.metric}` of {rule.episodes} episodes is at least {rule.at_least:g}"
    )


def _facts(declaration: Declaration) -> Iterator[str]:
    aspect = declaration.pixel_aspect
    shape = "" if aspect == 1 else f", each {aspect} as wide as high"
    size = declaration.frame_size
    drawn = "pictures" if size is None else f"pictures of {size[0]} x {size[1]} pixels"
    yield f"{drawn}{shape}, {declaration.frame_rate} a second"
    yield f"evaluation protocol: {declaration.protocol}"
    if declaration.replay == "exact":
        yield "an episode is played again from its seed and actions"
    else:
        again = ", and is played again where that gives the same" if declaration.reruns else ""
        yield f"an episode is shown from the states in its recording{again}"
    saved = {
        "none": "open episodes are played again where a training is cut",
        "exact": "open episodes are saved and restored exactly where a training is cut",
        "approximate": "open episodes are saved and restored nearly exactly where a training is cut",
    }
    yield saved[declaration.saved_state]
    if declaration.keyframes:
        yield "people can jump within an episode"
    if declaration.sound_rate:
        yield f"sound, {declaration.sound_rate} samples a second"
    if declaration.timed:
        yield "steps differ in length"
    if declaration.cameras:
        yield f"cameras: {', '.join(declaration.cameras)}"
    if declaration.tracks:
        yield f"tracks: {', '.join(declaration.tracks)}"
    if len(declaration.seats) > 1:
        yield f"seats: {', '.join(declaration.seats)}; the learner has the first"
    if declaration.start_states:
        yield "people save moments that episodes begin from"
    if declaration.packages:
        yield f"what happens depends on the versions of {', '.join(declaration.packages)}"

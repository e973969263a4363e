"""The configuration as types: every key of every table, its unit, its limits and its default."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from fractions import Fraction
from itertools import pairwise
from typing import Annotated, Literal, TypeAlias

from pydantic import (
    BaseModel,
    Discriminator,
    Field,
    JsonValue,
    Tag,
    field_validator,
    model_validator,
)

from arcade_rl.config.faults import cut, shown
from arcade_rl.config.options import (
    Count,
    FewOrNone,
    Options,
    Seed,
    Steps,
    parse_percent,
    parse_step,
)
from arcade_rl.config.recording import Recording

Value: TypeAlias = JsonValue
"""What TOML can say (dates aside: no key takes one)."""

Table: TypeAlias = dict[str, Value]

POOL = "pool"
"""Earlier checkpoints of the run itself, among the names of opponents."""
MOST_ROLLOUT = 10**9
"""Steps of a rollout of all environments: it is held in memory."""
MOST_CHUNKS = 100_000
"""Of a run: each leaves files of its own."""
MOST_WEIGHTS = 10**9
"""Between the layers of `net_arch`."""
DEVICE = re.compile(r"auto|cpu|mps|(cuda|xpu)(:\d{1,3})?")

NotNegative = Annotated[float, Field(ge=0.0, le=1e9)]
Above0 = Annotated[float, Field(gt=0.0, le=1e9)]
Weight = Annotated[float, Field(ge=-1e9, le=1e9)]
Environments = Annotated[int, Field(ge=1, le=65_536)]
Width = Annotated[int, Field(ge=1, le=65_536)]
Layers = Annotated[list[Width], Field(max_length=64)]
Seconds = Annotated[float, Field(gt=0, le=1e7)]
"""Up to four months."""


class Schedule(Options):
    """A value that goes linearly from `start` at the first step of the run to `end` at the last."""

    start: Annotated[float, Field(gt=0, le=1000)]
    end: NotNegative = 0.0


class AdaptiveRate(Options):
    """A learning rate that follows how far the policy moves: after every epoch it is divided by 1.5
    where the KL divergence of the epoch is above twice `kl`, and multiplied where below half."""

    kl: Annotated[float, Field(gt=0, le=1000)]
    """Divergence to aim at between the policy before and after an update. 0.01 is usual."""
    start: Annotated[float, Field(gt=0, le=1000)] = 1e-3
    """Rate of the first epoch of the run; checkpoints carry the present one."""
    min: Annotated[float, Field(gt=0, le=1000)] = 1e-5
    max: Annotated[float, Field(gt=0, le=1000)] = 1e-2

    @model_validator(mode="after")
    def _start_lies_within(self) -> AdaptiveRate:
        if not self.min <= self.start <= self.max:
            raise ValueError(f"start is {self.start:g}; expected {self.min:g} to {self.max:g}")
        return self


def _kind_of_rate(value: object) -> str:
    if isinstance(value, Mapping | BaseModel):
        has_kl = "kl" in value if isinstance(value, Mapping) else isinstance(value, AdaptiveRate)
        return "adaptive" if has_kl else "schedule"
    return "number"


Rate: TypeAlias = Annotated[float, Field(gt=0, le=1000)] | Schedule
LearningRate: TypeAlias = Annotated[
    Annotated[float, Field(gt=0, le=1000), Tag("number")]
    | Annotated[Schedule, Tag("schedule")]
    | Annotated[AdaptiveRate, Tag("adaptive")],
    Discriminator(_kind_of_rate),
]

Fraction01 = Annotated[float, Field(ge=0.0, le=1.0)]


class PolicyKwargs(Options):
    """Shape of the networks, by the names of Stable-Baselines3's policies. Unset: SB3's default."""

    net_arch: Layers | dict[Literal["pi", "vf"], Layers] | None = None
    activation_fn: Literal["tanh", "relu", "elu", "leaky_relu", "gelu", "silu"] | None = None
    ortho_init: bool | None = None
    log_std_init: Annotated[float, Field(ge=-50, le=50)] | None = None
    share_features_extractor: bool | None = None
    normalize_images: bool | None = None
    lstm_hidden_size: Width | None = None
    n_lstm_layers: Annotated[int, Field(ge=1, le=64)] | None = None
    shared_lstm: bool | None = None
    enable_critic_lstm: bool | None = None

    @model_validator(mode="after")
    def _critic_has_one_memory(self) -> PolicyKwargs:
        if self.shared_lstm and self.enable_critic_lstm is not False:
            raise ValueError("shared_lstm needs enable_critic_lstm = false")
        return self

    @model_validator(mode="after")
    def _networks_fit_in_memory(self) -> PolicyKwargs:
        layers = self.net_arch if isinstance(self.net_arch, dict) else {"": self.net_arch or []}
        for widths in layers.values():
            weights = sum(one * next_ for one, next_ in pairwise(widths))
            if weights > MOST_WEIGHTS:
                raise ValueError(
                    f"net_arch has {weights:,} weights between its layers; expected "
                    f"{MOST_WEIGHTS:,} at most"
                )
        return self


class Train(Options):
    """The learner. A hyper-parameter that is not set keeps the algorithm's own default."""

    algorithm: str = "PPO"
    """"PPO", or "sb3:NAME" for the loop of an on-policy class of stable_baselines3 or sb3_contrib."""
    total_steps: Steps = 1_000_000
    """Length of the run in steps of one environment; rounded up to whole rollouts."""
    n_envs: Environments = 8
    env_processes: Annotated[int, Field(ge=0, le=1024)] | Literal["auto"] = 0
    """Processes that step the environments: 0 steps them in the learner's own, "auto" takes one a
    core, and two at least. With two or more, one half steps while the learner looks at the other."""
    device: str = "auto"
    precision: Literal["exact", "fast"] | None = None
    """"exact": float32, deterministic wherever torch is; the default. "fast": bfloat16 for pictures
    and on a GPU, memory formats and kernels chosen for speed. Both give the same bytes again."""
    compile: bool | Literal["auto"] | None = None
    """Whether `precision = "fast"` uses torch.compile; "auto", the default, measures at the start of
    the run whether it pays."""
    threads: Annotated[int, Field(ge=0, le=1024)] = 0
    """CPU threads of torch; 0: one for small dense networks, all cores for convolutions."""
    policy: str = "auto"
    """SB3 policy alias; "auto" takes the one that fits the observation."""
    policy_kwargs: PolicyKwargs = PolicyKwargs()
    normalize_observations: bool = False
    """Running mean and variance of observations, carried exactly over chunks."""
    normalize_rewards: bool = False
    """Divide rewards by the running deviation of the return, carried exactly over chunks."""
    normalize_values: bool | None = None
    """The critic predicts returns less their running mean, in units of their running deviation."""

    n_steps: Count | None = None
    """Steps of each environment in one rollout."""
    batch_size: Annotated[int, Field(ge=1, le=MOST_ROLLOUT)] | None = None
    n_epochs: Annotated[int, Field(ge=1, le=10_000)] | None = None
    learning_rate: LearningRate | None = None
    gamma: Fraction01 | None = None
    gamma_per: Literal["step", "second"] | None = None
    """What `gamma` discounts a reward over: each "step", the default, or each "second" of the game, where
    steps differ in length. 0.99 a step of 0.2 s is 0.95 a second: gamma to the power of steps a second."""
    gae_lambda: Fraction01 | None = None
    clip_range: Rate | None = None
    clip_range_vf: Rate | None = None
    normalize_advantage: bool | None = None
    ent_coef: NotNegative | None = None
    vf_coef: NotNegative | None = None
    max_grad_norm: Above0 | None = None
    target_kl: Above0 | None = None
    use_sde: bool | None = None
    sde_sample_freq: Annotated[int, Field(ge=-1, le=10**9)] | None = None
    """Steps between draws of the noise; -1: once a rollout."""
    rms_prop_eps: Annotated[float, Field(gt=0, le=1)] | None = None
    use_rms_prop: bool | None = None
    cg_max_steps: Annotated[int, Field(ge=1, le=10_000)] | None = None
    cg_damping: NotNegative | None = None
    line_search_shrinking_factor: Annotated[float, Field(gt=0, lt=1)] | None = None
    line_search_max_iter: Annotated[int, Field(ge=1, le=10_000)] | None = None
    n_critic_updates: Annotated[int, Field(ge=1, le=10_000)] | None = None
    sub_sampling_factor: Count | None = None

    @property
    def algorithm_name(self) -> str:
        """Name of the class of stable_baselines3 or sb3_contrib whose policies and keywords it has."""
        return self.algorithm.removeprefix("sb3:")

    @property
    def rollout_steps(self) -> int:
        """Steps of one rollout, all environments together."""
        return (self.n_steps or DEFAULT_N_STEPS[self.algorithm_name]) * self.n_envs

    @property
    def run_steps(self) -> int:
        """Steps of the whole run: `total_steps` rounded up to whole rollouts."""
        return math.ceil(self.total_steps / self.rollout_steps) * self.rollout_steps

    @field_validator("algorithm")
    @classmethod
    def _known_algorithm(cls, name: str) -> str:
        if f"sb3:{name}" in HYPERPARAMETERS and name not in HYPERPARAMETERS:
            raise ValueError(f'"{cut(name)}" is written "sb3:{name}"')
        if name not in HYPERPARAMETERS:
            known = ", ".join(HYPERPARAMETERS)
            raise ValueError(
                f'"{cut(name)}" is not an on-policy algorithm; expected one of {known}'
            )
        return name

    @field_validator("device")
    @classmethod
    def _known_device(cls, name: str) -> str:
        if DEVICE.fullmatch(name) is None:
            raise ValueError(
                f'{shown(name)} is not a device; expected "auto", "cpu", or such as "cuda"'
            )
        return name

    @model_validator(mode="after")
    def _policy_is_of_the_algorithm(self) -> Train:
        known = POLICIES[self.algorithm_name]
        if self.policy not in ("auto", *known):
            raise ValueError(
                f"policy: {self.algorithm_name} has no policy '{cut(self.policy)}'; "
                f"it has {', '.join(known)}"
            )
        return self

    @model_validator(mode="after")
    def _networks_are_of_the_algorithm(self) -> Train:
        given = sorted(_OF_LSTM & self.policy_kwargs.model_dump(exclude_none=True).keys())
        if given and self.algorithm_name != "RecurrentPPO":
            raise ValueError(f"policy_kwargs.{given[0]} belongs to sb3:RecurrentPPO")
        return self

    @model_validator(mode="after")
    def _advantages_have_a_deviation(self) -> Train:
        smallest = min(self.batch_size or self.rollout_steps, self.rollout_steps)
        normalizes = self.normalize_advantage is not False
        if smallest < 2 and normalizes and self.algorithm_name.endswith("PPO"):
            raise ValueError(
                "a batch has 1 step, and normalize_advantage needs 2; raise batch_size, n_steps or n_envs"
            )
        return self

    @model_validator(mode="after")
    def _rollout_fits_in_memory(self) -> Train:
        if self.rollout_steps > MOST_ROLLOUT:
            raise ValueError(
                f"n_steps x n_envs is {self.rollout_steps:,} steps a rollout; expected "
                f"{MOST_ROLLOUT:,} at most"
            )
        return self

    @model_validator(mode="after")
    def _adaptive_rate_is_ours(self) -> Train:
        if isinstance(self.learning_rate, AdaptiveRate) and self.algorithm != "PPO":
            raise ValueError(
                f"a learning rate that follows the KL divergence is PPO's; {self.algorithm} has none"
            )
        return self

    @model_validator(mode="after")
    def _compiling_is_fast(self) -> Train:
        if self.compile and self.precision != "fast":
            raise ValueError('compile belongs to precision = "fast"')
        return self


_SHARED = "n_steps learning_rate gamma gae_lambda normalize_advantage"
_EXPLORATION = "use_sde sde_sample_freq"
_GRADIENT = "ent_coef vf_coef max_grad_norm"
_CLIPPED = "batch_size n_epochs clip_range clip_range_vf target_kl"
_OWN = "precision compile normalize_values gamma_per"
_TRUST_REGION = (
    "batch_size target_kl cg_max_steps cg_damping line_search_shrinking_factor "
    "line_search_max_iter n_critic_updates sub_sampling_factor"
)

HYPERPARAMETERS: dict[str, frozenset[str]] = {
    name: frozenset(" ".join(groups).split())
    for name, groups in {
        "PPO": (_SHARED, _EXPLORATION, _GRADIENT, _CLIPPED, _OWN),
        "sb3:PPO": (_SHARED, _EXPLORATION, _GRADIENT, _CLIPPED),
        "sb3:A2C": (_SHARED, _EXPLORATION, _GRADIENT, "rms_prop_eps use_rms_prop"),
        "sb3:TRPO": (_SHARED, _EXPLORATION, _TRUST_REGION),
        "sb3:RecurrentPPO": (_SHARED, _EXPLORATION, _GRADIENT, _CLIPPED),
        "sb3:MaskablePPO": (_SHARED, _GRADIENT, _CLIPPED),
    }.items()
}
"""Which hyper-parameters of `Train` each algorithm takes, by SB3's names; PPO has some of its own."""

OWN_HYPERPARAMETERS = frozenset(_OWN.split())
"""Those that no class of SB3 takes."""

DEFAULT_N_STEPS = {"PPO": 2048, "A2C": 5, "TRPO": 2048, "RecurrentPPO": 128, "MaskablePPO": 2048}
"""Length of a rollout where the configuration names none, by SB3's signatures."""

_LSTM = ("MlpLstmPolicy", "CnnLstmPolicy", "MultiInputLstmPolicy")
_OF_LSTM = {"lstm_hidden_size", "n_lstm_layers", "shared_lstm", "enable_critic_lstm"}
_PLAIN = ("MlpPolicy", "CnnPolicy", "MultiInputPolicy")
POLICIES = {name: _LSTM if name == "RecurrentPPO" else _PLAIN for name in DEFAULT_N_STEPS}
"""What `policy` may be for each algorithm, by SB3's names."""

ALL_HYPERPARAMETERS = frozenset[str]().union(*HYPERPARAMETERS.values())


class Chunk(Options):
    """How the run is cut."""

    steps: Steps = 50_000
    """Longest chunk in steps; rounded up to whole rollouts, and shortened to end on milestones."""
    standby: bool = True
    """Start the next chunk's process early. Off where two copies of a simulator do not fit."""


class Checkpoint(Options):
    """Which checkpoints stay on disk. The last verified one always does."""

    keep: Annotated[int, Field(ge=2, le=10**6)] = 5
    """How many of the latest stay."""
    every: FewOrNone = 0
    """Every K-th chunk's checkpoint stays; 0: none for this reason."""
    milestones: str | Annotated[list[str], Field(max_length=1000)] = "10%"
    """A step ("10%" means 10 %, 20 %, ...) or a list of percentages; each ends a chunk and stays."""
    best: str = ""
    """Metric whose mean over the last 100 episodes names the best checkpoint; "": the game's main one."""

    @field_validator("milestones")
    @classmethod
    def _percentages(cls, value: str | list[str]) -> str | list[str]:
        if isinstance(value, str):
            parse_step(value)
        else:
            for text in value:
                parse_percent(text)
        return value

    def milestone_fractions(self) -> list[Fraction]:
        """Milestones as increasing fractions of the run; the last is always 1."""
        if isinstance(self.milestones, str):
            step = parse_step(self.milestones)
            fractions = {step * k for k in range(1, int(1 / step) + 1)}
        else:
            fractions = {parse_percent(text) for text in self.milestones}
        return sorted(fractions | {Fraction(1)})


class Engine(Options):
    """How the supervisor watches its workers."""

    hang_timeout_s: Seconds = 300.0
    """A worker without a heartbeat from its loop for this long is killed. An update of the network
    must fit in it."""
    start_timeout_s: Seconds = 900.0
    """The same until the first heartbeat of the loop: simulators may compile kernels first."""
    max_restarts: Annotated[int, Field(ge=0, le=1000)] = 3
    """Restarts without a new verified checkpoint before the run ends as failed."""
    backoff_s: Annotated[float, Field(ge=0, le=60)] = 1.0
    """Wait before the first restart; doubles up to 60 s."""


class Opponents(Options):
    """Who sits on the seats that the learner has not, in a game of more than one. In each episode one of
    those named does, each with the same chance; which one follows from the episode's seed."""

    names: Annotated[list[str], Field(min_length=1, max_length=100)]
    """The game's own opponents, by their names; "pool" for earlier checkpoints of the run itself; and
    checkpoints of other runs of the same folder, as RUN@50 or RUN@30%, which the run copies as it starts."""
    pool: Annotated[int, Field(ge=1, le=1000)] = 5
    """How many checkpoints "pool" is: the newest ones that ended on a milestone, the untrained one too.
    They stay on disk, and change at milestones alone, so that it does not matter where a run is cut."""

    @property
    def rivals(self) -> list[str]:
        """Those that are checkpoints of other runs."""
        return [name for name in self.names if "@" in name]


class Evaluation(Options):
    """What `evaluate` plays when it is not told otherwise."""

    episodes: Count = 100
    n_envs: Environments = 16
    seed: Seed = 1_000_000
    """Seed of the evaluation; far from any run's so that training never saw the episodes."""
    deterministic: bool = False
    """Take the likeliest action instead of sampling from the policy."""
    opponent: str | None = None
    """Which of the game's own opponents sits opposite, in a game of more than one seat; unset: its usual
    one."""


class Config(Options):
    """One run."""

    game: str
    seed: Seed = 0
    options: dict[str, Value] = Field(default_factory=dict)
    """The game's own options; typed by its plugin."""
    train: Train = Train()
    chunk: Chunk = Chunk()
    checkpoint: Checkpoint = Checkpoint()
    reward: dict[str, Weight] = Field(default_factory=dict)
    """Weight of each reward term; resolved, it names every term."""
    engine: Engine = Engine()
    opponents: Opponents | None = None
    """Unset in a game of one seat."""
    evaluation: Evaluation = Evaluation()
    recording: Recording = Recording()

    @model_validator(mode="after")
    def _chunks_can_be_counted(self) -> Config:
        train = self.train
        rollouts = math.ceil(self.chunk.steps / train.rollout_steps)
        pieces = math.ceil(train.run_steps / (rollouts * train.rollout_steps))
        if pieces > MOST_CHUNKS:
            raise ValueError(
                f"chunk.steps: {self.chunk.steps:,} cuts the {train.run_steps:,} steps of the run into "
                f"{pieces:,} chunks; expected {MOST_CHUNKS:,} at most"
            )
        return self

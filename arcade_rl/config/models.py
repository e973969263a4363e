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

from arcade_rl.config.algorithms import DEFAULTS, HYPERPARAMETERS, LSTM_KEYS, POLICIES
from arcade_rl.config.faults import cut, shown
from arcade_rl.config.opponents import Seating
from arcade_rl.config.options import (
    Count,
    FewOrNone,
    Options,
    Seed,
    Steps,
    parse_percent,
    parse_step,
)
from arcade_rl.config.recording import RecordingTable

Value: TypeAlias = JsonValue
"""What TOML can say (dates aside: no key takes one)."""

Table: TypeAlias = dict[str, Value]

MOST_ROLLOUT = 10**9
"""Most steps of a rollout, all environments together: a rollout is held in memory."""
MOST_CHUNKS = 100_000
"""Most chunks of a run: each leaves files of its own."""
MOST_WEIGHTS = 10**9
"""Most weights between the layers of one list of `net_arch`."""
OWN_POLICY = re.compile(r"[a-z][a-z0-9_]*")
"""Name of networks that a game brings along; those of SB3 begin with a capital letter."""
DEVICE = re.compile(r"auto|cpu|mps|(cuda|xpu)(:\d{1,3})?")

NotNegative = Annotated[float, Field(ge=0.0, le=1e9)]
Above0 = Annotated[float, Field(gt=0.0, le=1e9)]
Weight = Annotated[float, Field(ge=-1e9, le=1e9)]
Environments = Annotated[int, Field(ge=1, le=65_536)]
Width = Annotated[int, Field(ge=1, le=65_536)]
Layers = Annotated[list[Width], Field(max_length=64)]
Seconds = Annotated[float, Field(gt=0, le=1e7)]
"""Duration in seconds, up to four months."""


class Schedule(Options):
    """A value that goes linearly from `start` at the first step of the run to `end` at the last."""

    start: Annotated[float, Field(gt=0, le=1000)]
    """Value at the first step of the run."""
    end: NotNegative = 0.0
    """Value at the last step of the run. A run that is made longer reaches this value later."""


class AdaptiveRate(Options):
    """A learning rate that adapts to how far the policy moves: after every epoch it is divided by
    1.5 if the KL divergence of the epoch is above twice `kl`, and multiplied by 1.5 if that
    divergence is below half of `kl`."""

    kl: Annotated[float, Field(gt=0, le=1000)]
    """Target of the KL divergence, in nat, between the policies before and after an update. 0.01 is
    usual."""
    start: Annotated[float, Field(gt=0, le=1000)] = 1e-3
    """Rate of the first epoch of the run; checkpoints store the current rate."""
    min: Annotated[float, Field(gt=0, le=1000)] = 1e-5
    """Lowest rate. If the rate stays there, something else moves the policy too far."""
    max: Annotated[float, Field(gt=0, le=1000)] = 1e-2
    """Highest rate."""

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
    """Widths of the hidden layers: one list, by which actor and critic each get layers of their
    own, or { pi = [...], vf = [...] }. Unset: [64, 64], and none after the convolutions of
    images. A network has at most 10^9 weights between these layers."""
    activation_fn: Literal["tanh", "relu", "elu", "leaky_relu", "gelu", "silu"] | None = None
    """Activation function after every hidden layer. Unset: tanh. Convolutions keep ReLU."""
    ortho_init: bool | None = None
    """Whether weights are initialised as orthogonal matrices and biases as 0. Unset: true."""
    log_std_init: Annotated[float, Field(ge=-50, le=50)] | None = None
    """Natural logarithm of the initial standard deviation of continuous actions, in the action's
    unit. Unset: 0, a deviation of 1; actions of a small range are then mostly clipped."""
    share_features_extractor: bool | None = None
    """Whether actor and critic share the first layers, such as the convolutions of images. Unset:
    true. With false these layers are computed, and learned, twice."""
    normalize_images: bool | None = None
    """Whether images are divided by 255. Unset: true. False is for images that are already 0 to
    1."""
    lstm_hidden_size: Width | None = None
    """Units of every LSTM layer of sb3:RecurrentPPO. Unset: 256."""
    n_lstm_layers: Annotated[int, Field(ge=1, le=64)] | None = None
    """Stacked LSTM layers of sb3:RecurrentPPO. Unset: 1."""
    shared_lstm: bool | None = None
    """Whether the critic of sb3:RecurrentPPO reads the actor's LSTM, which then learns from the
    actor alone. Unset: false. True needs enable_critic_lstm = false."""
    enable_critic_lstm: bool | None = None
    """Whether the critic of sb3:RecurrentPPO has an LSTM of its own. Unset: true. With false, and
    shared_lstm false, the critic remembers nothing."""

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
    """Learning algorithm: "PPO" is this project's own; "sb3:NAME" runs the loop of PPO, A2C, TRPO,
    RecurrentPPO or MaskablePPO of stable_baselines3 and sb3_contrib."""
    total_steps: Steps = 1_000_000
    """Length of the run in steps of all environments together, rounded up to whole rollouts. A step
    is one decision of one environment; the frames of the game may be more."""
    n_envs: Environments = 8
    """Number of parallel environments. A rollout has n_steps x n_envs steps, so more environments
    make updates rarer unless n_steps is lowered."""
    env_processes: Annotated[int, Field(ge=0, le=1024)] | Literal["auto"] = 0
    """Processes that step the environments: 0 steps them in the learner's own, "auto" takes one per
    core, and at least two. With two or more, one half steps while the learner computes actions for
    the other, and results do not depend on their number; with 0 or 1 floating-point sums differ
    slightly."""
    device: str = "auto"
    """Device of the networks: "cpu", "cuda", "cuda:1", "xpu" or "mps"; "auto" takes CUDA if
    available, else the CPU. Results differ in their bytes between devices."""
    precision: Literal["exact", "fast"] | None = None
    """Arithmetic of the networks: "exact" is float32, deterministic wherever torch is; "fast" is
    bfloat16 for images and on a GPU, with memory formats and kernels chosen for speed. Both
    reproduce their bytes on the same kind of machine."""
    compile: bool | Literal["auto"] | None = None
    """Whether precision = "fast" uses torch.compile; "auto" measures at the start of the run
    whether that pays off. Set true or false where two runs must agree byte for byte."""
    threads: Annotated[int, Field(ge=0, le=1024)] = 0
    """CPU threads of torch; 0 takes one for small dense networks and all cores for convolutions.
    Results differ in their bytes between numbers of threads: set this if a run may move to another
    machine."""
    policy: str = "auto"
    """Kind of policy by SB3's name, such as "MlpPolicy", "CnnPolicy" or "MultiInputPolicy", or by the
    name of networks that the game brings along, which PPO and sb3:MaskablePPO train; "auto" takes
    SB3's that fits the observation."""
    policy_kwargs: PolicyKwargs = Field(default_factory=PolicyKwargs)
    """Shape of the networks: a table with keys of its own."""
    normalize_observations: bool = False
    """Whether observations are normalised by their running mean and standard deviation, and clipped
    to +-10. Images have a fixed range and do not need this."""
    normalize_rewards: bool = False
    """Whether rewards are divided by the running standard deviation of the discounted return, and
    clipped to +-10. Logged returns stay in the game's unit."""
    normalize_values: bool | None = None
    """Whether the critic's targets are normalised by the running mean and standard deviation of the
    returns; clip_range_vf is then in that unit too."""

    n_steps: Count | None = None
    """Steps that each environment plays between two updates. Few steps rely on the critic's estimate
    of what follows; many make updates rare. A rollout of n_steps x n_envs, at most 10^9 steps, is
    held in memory."""
    batch_size: Annotated[int, Field(ge=1, le=MOST_ROLLOUT)] | None = None
    """Steps in a minibatch; TRPO uses minibatches only for its critic. If n_steps x n_envs is not a
    multiple of it, the last minibatch of a pass is smaller. Normalised advantages need at least
    2."""
    n_epochs: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Passes over a rollout in one update. With many, the policy moves far from the one that played
    the rollout; target_kl ends an update before that happens."""
    learning_rate: LearningRate | None = None
    """Size of the optimizer's steps: a number, or { start, end } from the first step of the run to
    its last, or for PPO { kl, start, min, max }. Too high a rate makes the weights infinite, which
    ends the run. In TRPO this is the rate of the critic alone."""
    gamma: Fraction01 | None = None
    """Discount factor per step: rewards count over a horizon of about 1 / (1 - gamma) steps, so its
    meaning changes with the duration of a step. With 1, returns are finite only if episodes end."""
    gamma_per: Literal["step", "second"] | None = None
    """Unit of time that gamma discounts over: a "step", or a "second" of the game, for games whose
    steps differ in length. A gamma of 0.99 at five steps per second is 0.95 per second."""
    gae_lambda: Fraction01 | None = None
    """Weight of longer returns in an advantage (generalised advantage estimation): 0 trusts the
    critic after one step, which is biased; 1 takes the rewards that were received, which is
    noisy."""
    clip_range: Rate | None = None
    """Range of the ratio between new and old probability of an action beyond which PPO's objective
    is clipped: 0.2 means 0.8 to 1.2. A number or { start, end }. The policy can still move further:
    this is not a bound."""
    clip_range_vf: Rate | None = None
    """Change of the critic's estimate beyond which its loss is clipped, in the unit of the shaped
    return: a value that fits one game's rewards stops the critic in another. A number or { start,
    end }; unset: no clipping."""
    normalize_advantage: bool | None = None
    """Whether advantages are normalised to mean 0 and standard deviation 1, per minibatch in PPO and
    over the whole rollout in A2C and TRPO. If all rewards are alike, this amplifies noise."""
    ent_coef: NotNegative | None = None
    """Weight of the policy's entropy, in nat, in the loss: a higher one explores longer. The entropy
    of continuous actions has no upper bound, so their noise can grow without limit."""
    vf_coef: NotNegative | None = None
    """Weight of the critic's squared error in the loss. This error grows with the square of the
    returns: if actor and critic share layers, or max_grad_norm clips their gradients together, it
    can drown the policy's part."""
    max_grad_norm: Above0 | None = None
    """Largest gradient norm, Euclidean over all weights; larger gradients are scaled down to it. The
    limit guards against single outliers; learning_rate decides the usual step size."""
    target_kl: Above0 | None = None
    """KL divergence from the policy before the update, in nat. PPO ends an update once a minibatch
    is above 1.5 times this; unset: never. TRPO takes no larger step. 0.01 to 0.05 is usual."""
    use_sde: bool | None = None
    """Whether the noise of continuous actions depends on the state and stays the same over several
    steps (gSDE), which gives robots smooth motion. It applies to continuous actions only."""
    sde_sample_freq: Annotated[int, Field(ge=-1, le=10**9)] | None = None
    """Steps between two draws of the noise of use_sde; with -1 or 0 the noise is drawn once per
    rollout, however long that is."""
    rms_prop_eps: Annotated[float, Field(gt=0, le=1)] | None = None
    """Epsilon in the denominator of RMSprop; a small one makes large steps where gradients are tiny.
    It has no effect with use_rms_prop = false."""
    use_rms_prop: bool | None = None
    """Whether A2C's optimizer is RMSprop; false takes Adam, which needs another learning_rate."""
    cg_max_steps: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Most conjugate-gradient steps for the direction of TRPO's update; each costs about as much as a
    gradient over the whole rollout."""
    cg_damping: NotNegative | None = None
    """Multiple of the identity that is added to TRPO's Fisher matrix. A small one makes the direction
    unstable, a large one makes steps short."""
    line_search_shrinking_factor: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Factor by which TRPO shortens a step that is too large or brings no improvement. With a factor
    near 1, the search may not reach an acceptable step within line_search_max_iter."""
    line_search_max_iter: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Number of step lengths that TRPO tries. If none is acceptable, the policy stays unchanged,
    without an error."""
    n_critic_updates: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Passes of TRPO's critic over a rollout in one update."""
    sub_sampling_factor: Count | None = None
    """TRPO's policy looks at every k-th step of the rollout; the critic looks at all steps. Large
    factors are fast and noisy."""

    @property
    def algorithm_name(self) -> str:
        """Name of the class of stable_baselines3 or sb3_contrib whose policies and keywords the
        algorithm has."""
        return self.algorithm.removeprefix("sb3:")

    @property
    def rollout_steps(self) -> int:
        """Steps of one rollout, all environments together."""
        default = DEFAULTS[self.algorithm]["n_steps"]
        assert isinstance(default, int)
        return (self.n_steps or default) * self.n_envs

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
        known = POLICIES[self.algorithm]
        if self.policy not in ("auto", *known) and OWN_POLICY.fullmatch(self.policy) is None:
            raise ValueError(
                f"policy: {self.algorithm_name} has no policy '{cut(self.policy)}'; "
                f"it has {', '.join(known)}"
            )
        return self

    @model_validator(mode="after")
    def _networks_are_of_the_algorithm(self) -> Train:
        given = sorted(LSTM_KEYS & self.policy_kwargs.model_dump(exclude_none=True).keys())
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


class ChunkTable(Options):
    """How the run is cut."""

    steps: Steps = 50_000
    """Length of the longest chunk in steps, rounded up to whole rollouts and shortened to end on
    milestones. A crash costs at most one chunk. Short chunks write many checkpoints; where they end
    changes no result."""
    standby: bool = True
    """Whether the next chunk's process starts while the current one trains. False is for simulators
    that do not fit into memory twice, and adds their start-up time to every chunk."""


class Checkpoint(Options):
    """Which checkpoints stay on disk. The last verified one always does."""

    keep: Annotated[int, Field(ge=2, le=10**6)] = 5
    """Number of latest checkpoints that stay. A film or an evaluation may need one that has been
    deleted by then: milestones and every K-th checkpoint stay in addition."""
    every: FewOrNone = 0
    """Every K-th chunk's checkpoint stays; 0: none for this reason. 1 keeps all checkpoints, which
    can fill a disk."""
    milestones: str | Annotated[list[str], Field(max_length=1000)] = "10%"
    """Percentages of the run that end a chunk and whose checkpoints stay: a step ("10%" means 10 %,
    20 %, ...; 0.01 % at least), or a list of percentages."""
    best: str = ""
    """Metric whose mean over the last 100 episodes names the best checkpoint; "" takes the game's
    main one. That mean is of training, where short episodes end first."""

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
    """Seconds without a heartbeat from its training loop after which a worker is killed. An update
    of the networks must fit in them."""
    start_timeout_s: Seconds = 900.0
    """Seconds until the first heartbeat of the loop, after which a worker is killed: simulators may
    compile kernels first."""
    max_restarts: Annotated[int, Field(ge=0, le=1000)] = 3
    """Restarts without a new verified checkpoint before the run fails. A new checkpoint resets the
    count."""
    backoff_s: Annotated[float, Field(ge=0, le=60)] = 1.0
    """Seconds before the first restart, doubled for each further one up to 60."""


class EvaluationTable(Options):
    """Defaults of `evaluate`."""

    episodes: Count = 100
    """Episodes that are played to their end. The standard error of a mean falls with their square
    root."""
    n_envs: Environments = 16
    """Number of parallel environments. It changes how long an evaluation takes, and no result."""
    seed: Seed = 1_000_000
    """Seed of the evaluation, far from any run's so that training never saw the episodes. Two
    checkpoints compare best under the same seed."""
    deterministic: bool = False
    """Whether the likeliest action is taken instead of one sampled from the policy. A policy that
    needs its noise, for instance to leave a loop, scores lower with true."""
    opponent: str | None = None
    """Opponent of evaluations in a game with more than one seat: the name of one of the game's own.
    Unset: the game's default one."""


class Config(Options):
    """One run."""

    game: str
    """Name of the game, as `arcade-rl plugins list` shows it."""
    seed: Seed = 0
    """Seed from which all randomness of the run follows. One run says little: compare several
    seeds."""
    options: dict[str, Value] = Field(default_factory=dict)
    """The game's own options, typed by its plugin: `arcade-rl plugins show GAME` lists them."""
    train: Train = Field(default_factory=Train)
    chunk: ChunkTable = Field(default_factory=ChunkTable)
    checkpoint: Checkpoint = Field(default_factory=Checkpoint)
    reward: dict[str, Weight] = Field(default_factory=dict)
    """Weight of each of the game's reward terms in the shaped reward, which the learner sees; a term
    that is not named keeps the game's weight. The game's own scores and returns do not change."""
    engine: Engine = Field(default_factory=Engine)
    opponents: Seating | None = None
    """Unset in a game of one seat."""
    evaluation: EvaluationTable = Field(default_factory=EvaluationTable)
    recording: RecordingTable = Field(default_factory=RecordingTable)

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

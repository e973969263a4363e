"""The algorithms that a run can name, and the hyper-parameters that each takes, by SB3's names."""

from __future__ import annotations

from pydantic import JsonValue

_EXPLORATION: dict[str, JsonValue] = {"use_sde": False, "sde_sample_freq": -1}
_LOSS: dict[str, JsonValue] = {"ent_coef": 0.0, "vf_coef": 0.5, "max_grad_norm": 0.5}
_RETURNS: dict[str, JsonValue] = {"gamma": 0.99, "gae_lambda": 0.95, "normalize_advantage": True}
_CLIPPED: dict[str, JsonValue] = {
    "n_epochs": 10,
    "clip_range": 0.2,
    "clip_range_vf": None,
    "target_kl": None,
}
_PPO: dict[str, JsonValue] = {
    "learning_rate": 3e-4,
    "n_steps": 2048,
    "batch_size": 64,
    **_RETURNS,
    **_LOSS,
    **_CLIPPED,
}
_OWN: dict[str, JsonValue] = {
    "precision": "exact",
    "compile": "auto",
    "normalize_values": False,
    "gamma_per": "step",
}

DEFAULTS: dict[str, dict[str, JsonValue]] = {
    "PPO": {**_PPO, **_EXPLORATION, **_OWN},
    "sb3:PPO": {**_PPO, **_EXPLORATION},
    "sb3:A2C": {
        "learning_rate": 7e-4,
        "n_steps": 5,
        **_RETURNS,
        "gae_lambda": 1.0,
        "normalize_advantage": False,
        **_LOSS,
        **_EXPLORATION,
        "rms_prop_eps": 1e-5,
        "use_rms_prop": True,
    },
    "sb3:TRPO": {
        "learning_rate": 1e-3,
        "n_steps": 2048,
        "batch_size": 128,
        **_RETURNS,
        **_EXPLORATION,
        "target_kl": 0.01,
        "cg_max_steps": 15,
        "cg_damping": 0.1,
        "line_search_shrinking_factor": 0.8,
        "line_search_max_iter": 10,
        "n_critic_updates": 10,
        "sub_sampling_factor": 1,
    },
    "sb3:RecurrentPPO": {**_PPO, "n_steps": 128, "batch_size": 128, **_EXPLORATION},
    "sb3:MaskablePPO": _PPO,
}
"""Every hyper-parameter that an algorithm takes, with the value that holds where the configuration
sets none: for SB3's names the default of SB3's signature. None: no limit."""

HYPERPARAMETERS = {name: frozenset(defaults) for name, defaults in DEFAULTS.items()}
"""Which hyper-parameters of `Train` each algorithm takes."""

ALL_HYPERPARAMETERS = frozenset[str]().union(*HYPERPARAMETERS.values())

OWN_HYPERPARAMETERS = frozenset(_OWN)
"""Hyper-parameters that no class of SB3 takes."""

LSTM_KEYS = frozenset({"lstm_hidden_size", "n_lstm_layers", "shared_lstm", "enable_critic_lstm"})
"""Keys of `policy_kwargs` that only recurrent policies take."""

POLICY_DEFAULTS: dict[str, JsonValue] = {
    "net_arch": None,
    "activation_fn": "tanh",
    "ortho_init": True,
    "log_std_init": 0.0,
    "share_features_extractor": True,
    "normalize_images": True,
    "lstm_hidden_size": 256,
    "n_lstm_layers": 1,
    "shared_lstm": False,
    "enable_critic_lstm": True,
}
"""The values of SB3's policies for the keys of `policy_kwargs`; None: it depends on the
observation."""

_PLAIN = ("MlpPolicy", "CnnPolicy", "MultiInputPolicy")
_LSTM = ("MlpLstmPolicy", "CnnLstmPolicy", "MultiInputLstmPolicy")
POLICIES = {name: _LSTM if name == "sb3:RecurrentPPO" else _PLAIN for name in DEFAULTS}
"""What `policy` may be for each algorithm, by SB3's names."""

OWN_POLICY_TRAINERS = ("PPO", "sb3:MaskablePPO")
"""Algorithms that train the networks that a game brings along."""

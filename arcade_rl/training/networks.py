"""The layers of an SB3 policy between observation and latent codes, computed with less work.

Strided convolutions are written as the same convolutions with stride 1. Precision "fast" also means
bfloat16 where the device multiplies in bfloat16; on other CPUs it means tanh computed by a sigmoid.
Weights stay SB3's: float32, under the same names, in the same order.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from gymnasium import spaces
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.preprocessing import (
    is_image_space,
    is_image_space_channels_first,
    preprocess_obs,
)
from torch import Tensor, nn
from torch.nn import functional

from arcade_rl.training.storage import Batch

_WORDS = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
"""Integer type for each number of bytes: to move one such integer is to move that many pixels of
one byte."""


Prepare = Callable[[Any], Any]
"""Function from observations to what an extractor takes: a tensor, or a dict of tensors."""


class Networks:
    """Runs observations through the extractor and the two branches of a policy."""

    def __init__(
        self, policy: ActorCriticPolicy, space: spaces.Space[Any], autocast: bool = False
    ) -> None:
        """`space` is the environment's observation space, whose pictures may have their channels
        last."""
        self._policy = policy
        self._prepare = preparation(policy, space)
        self._autocast = autocast

    def both(self, observations: Batch) -> tuple[Tensor, Tensor]:
        """Latent codes of actor and critic. (B, L) each, float32."""
        with self._precision():
            prepared = self._prepare(observations)
            extractor = self._policy.mlp_extractor
            if self._policy.share_features_extractor:
                actor, critic = extractor(self._policy.features_extractor(prepared))
            else:
                actor = extractor.forward_actor(self._policy.pi_features_extractor(prepared))
                critic = extractor.forward_critic(self._policy.vf_features_extractor(prepared))
        return actor.float(), critic.float()

    def actor(self, observations: Batch) -> Tensor:
        """Latent code of the actor alone. (B, L), float32."""
        with self._precision():
            features = self._policy.pi_features_extractor(self._prepare(observations))
            latent: Tensor = self._policy.mlp_extractor.forward_actor(features).float()
        return latent

    def critic(self, observations: Batch) -> Tensor:
        """Latent code of the critic alone. (B, L), float32."""
        with self._precision():
            features = self._policy.vf_features_extractor(self._prepare(observations))
            latent: Tensor = self._policy.mlp_extractor.forward_critic(features).float()
        return latent

    def copy_from(self, policy: ActorCriticPolicy) -> None:
        """Take over the weights of another policy of the same shape."""
        if policy is self._policy:
            return
        with torch.no_grad():
            for own, other in zip(self._policy.parameters(), policy.parameters(), strict=True):
                own.copy_(other)

    def _precision(self) -> AbstractContextManager[object]:
        if self._autocast:
            return torch.autocast(self._policy.device.type, torch.bfloat16)
        return nullcontext()


def preparation(policy: ActorCriticPolicy, space: spaces.Space[Any]) -> Prepare:
    """The function that makes what a policy's extractor takes from observations of `space`: SB3's
    `preprocess_obs`, with channels first. Pictures stay bytes where a `TiledConv2d` takes them."""
    if isinstance(space, spaces.Dict):
        parts = {key: preparation(policy, part) for key, part in space.items()}
        return lambda observations: {key: part(observations[key]) for key, part in parts.items()}
    dtype = next(policy.parameters()).dtype
    normalize = policy.normalize_images
    assert isinstance(dtype, torch.dtype)
    if not is_image_space(space):
        if isinstance(space, spaces.Box):
            return lambda observations: observations.to(dtype)
        return lambda observations: _only(preprocess_obs(observations, space, normalize)).to(dtype)
    convolutions = (module for module in policy.modules() if isinstance(module, nn.Conv2d))
    takes_bytes = isinstance(next(convolutions, None), TiledConv2d)
    is_planar = is_image_space_channels_first(space)  # type: ignore[arg-type]

    def prepare(pictures: Tensor) -> Tensor:
        planar = pictures if is_planar else pictures.permute(0, 3, 1, 2)
        if takes_bytes and normalize:
            return planar
        return (planar.float() / 255.0 if normalize else planar).to(dtype)

    return prepare


def _only(observations: Batch) -> Tensor:
    assert isinstance(observations, Tensor)
    return observations


class TiledConv2d(nn.Conv2d):
    """A convolution whose kernel is a whole number of strides wide, computed with stride 1.

    Take a kernel of 8 x 8 with stride 4 over a picture of C channels. The picture is cut into tiles
    of 4 x 4 pixels, and the 16 C numbers of a tile become the channels of one pixel of a smaller
    picture. A window of 8 x 8 pixels that moves by 4 is then a window of 2 x 2 tiles that moves by
    1. With the weights in the order of the tiles' channels, the same products are summed.

    Gradients of strided convolutions are slow on CPUs, and first layers have few channels, which
    leaves wide registers empty: both are mended by this. Pictures may come as bytes, 0 to 255, and
    are then divided by 255; bfloat16 holds every byte exactly.
    """

    @staticmethod
    def fits(layer: nn.Conv2d) -> bool:
        """Whether a layer can be computed as tiles."""
        kernel, stride = layer.kernel_size, layer.stride
        is_square = kernel[0] == kernel[1] and stride[0] == stride[1]
        is_plain = layer.groups == 1 and layer.dilation == (1, 1) and layer.padding == (0, 0)
        return is_square and is_plain and stride[0] > 1 and kernel[0] % stride[0] == 0

    def forward(self, pictures: Tensor) -> Tensor:
        kernel, stride = self.kernel_size[0], self.stride[0]
        # Rows and columns of tiles below the windows; pixels beyond the last window are cut off.
        size = [(n - kernel) // stride + kernel // stride for n in pictures.shape[2:]]
        cropped = pictures[:, :, : size[0] * stride, : size[1] * stride]
        tiles, weight = _tile(cropped, stride), self.weight
        if pictures.dtype == torch.uint8:
            # Dividing the few weights by 255 does the same as dividing the many pixels.
            tiles, weight = tiles.to(_dtype(weight)), weight / 255.0
        # A row of the kernel is (tile, row in the tile), and a column likewise: (O, C, k, k) becomes
        # (O, C, k / s, s, k / s, s), then (O, C * s * s, k / s, k / s) as `_tile` orders channels.
        out, channels, parts = self.out_channels, self.in_channels, kernel // stride
        kernels = weight.view(out, channels, parts, stride, parts, stride)
        order = (0, 1, 3, 5, 2, 4) if _is_planar(cropped) else (0, 3, 5, 1, 2, 4)
        tiled = kernels.permute(order).reshape(out, channels * stride * stride, parts, parts)
        return functional.conv2d(tiles.permute(0, 3, 1, 2), tiled, self.bias)


def _dtype(weight: Tensor) -> torch.dtype:
    """Type in which a layer with this weight computes: the one of autocast where that is on."""
    device = weight.device.type
    is_cast = torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device)
    return torch.get_autocast_dtype(device) if is_cast else weight.dtype


def _is_planar(pictures: Tensor) -> bool:
    """Whether a picture lies channel after channel in memory, rather than pixel after pixel."""
    return pictures.stride(1) != 1 or pictures.shape[1] == 1


def _tile(pictures: Tensor, side: int) -> Tensor:
    """Cut pictures into tiles whose numbers lie together: (B, C, H, W) to (B, H / side, W / side, C
    * side * side), contiguous.

    The numbers of a tile are ordered by (channel, row, column), or by (row, column, channel) where
    the channels of a pixel lie together in memory. Whichever order the picture has is kept, because
    longer pieces are then moved at once.
    """
    count, channels, height, width = pictures.shape
    rows, columns = height // side, width // side
    if not _is_planar(pictures):
        # A row of a tile, with all its channels, is one piece of memory.
        pixels = pictures.permute(0, 2, 3, 1).reshape(count, rows, side, columns, side * channels)
        tiles = pixels.transpose(2, 3)
    elif pictures.dtype == torch.uint8 and side in _WORDS and pictures.is_contiguous():
        # A row of a tile in one channel is moved as one word of `side` bytes, and then is bytes again.
        words = pictures.view(_WORDS[side])
        words = words.view(count, channels, rows, side, columns).permute(0, 2, 4, 1, 3)
        tiles = words.contiguous().view(pictures.dtype)
    else:
        planes = pictures.reshape(count, channels, rows, side, columns, side)
        tiles = planes.permute(0, 2, 4, 1, 3, 5)
    return tiles.reshape(count, rows, columns, channels * side * side)


class SigmoidTanh(nn.Tanh):
    """tanh(x) as 2 sigmoid(2 x) - 1 where gradients are asked for, to 2e-7 in float32: torch's
    sigmoid takes a sixth of the time of its tanh on a CPU."""

    def forward(self, inputs: Tensor) -> Tensor:
        if not torch.is_grad_enabled():
            return torch.tanh(inputs)
        result: Tensor = _SigmoidTanh.apply(inputs)  # type: ignore[no-untyped-call]
        return result


class _SigmoidTanh(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, inputs: Tensor) -> Tensor:
        outputs = torch.sigmoid(inputs * 2).mul_(2).sub_(1)
        context.save_for_backward(outputs)
        return outputs

    @staticmethod
    def backward(context: Any, gradients: Tensor) -> Tensor:
        (outputs,) = context.saved_tensors
        result: Tensor = torch.ops.aten.tanh_backward(gradients, outputs)
        return result


def has_pictures(policy: ActorCriticPolicy) -> bool:
    """Whether a policy has convolutions."""
    return any(isinstance(module, nn.Conv2d) for module in policy.modules())


def multiplies_bfloat16(device: torch.device) -> bool:
    """Whether the device has instructions for products of bfloat16."""
    if device.type == "cpu":
        return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return device.type != "cuda" or torch.cuda.is_bf16_supported(including_emulation=False)


def networks_of(
    policy: ActorCriticPolicy, space: spaces.Space[Any], is_fast: bool
) -> tuple[Networks, Networks]:
    """(networks for the update, networks for the rollout) of a policy. `is_fast` allows sums that
    are not SB3's in float32.

    The fast rollout has a copy of the weights in bfloat16, so that they are not cast at every step.
    Small dense networks on a CPU stay in float32: casting costs them more than it saves. So do the
    networks of games, which may be given numbers that bfloat16 does not hold.
    """
    for module in policy.modules():
        if type(module) is nn.Conv2d and TiledConv2d.fits(module):
            module.__class__ = TiledConv2d
    device = policy.device
    is_small = device.type == "cpu" and not has_pictures(policy)
    is_own = not isinstance(policy.action_net, nn.Linear)
    if is_fast and multiplies_bfloat16(device) and not is_small and not is_own:
        optimizer, policy.optimizer = policy.optimizer, None  # type: ignore[assignment]
        if policy.use_sde:
            with torch.no_grad():  # noise that still leads back to the weights cannot be copied
                policy.reset_noise()
        half = copy.deepcopy(policy).to(torch.bfloat16)
        policy.optimizer = optimizer
        half.set_training_mode(False)
        return Networks(policy, space, autocast=True), Networks(half, space)
    if is_fast and device.type == "cpu":
        for module in policy.modules():
            if type(module) is nn.Tanh:
                module.__class__ = SigmoidTanh
    single = Networks(policy, space)
    return single, single

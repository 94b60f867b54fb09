"""The network of the embedded detector.

Every cell of a grid over the image (stride 4) says what it shows, the box of the visible part of that thing, how good
that box is, and whether the thing is out of place. Cells that agree on their box are one thing (``decode.py``); no
anchors and no centre points, so a plate and what lies on it do not compete for one place.

Convention: images are (B, C, H, W) with H and W multiples of 32; cells are (B, C, H / 4, W / 4); boxes are
row0, col0, row1, col1 in pixels. Normals are in the level frame of the camera: right, up, ahead.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - its usual name
from torch.nn.utils.fusion import fuse_conv_bn_eval

STRIDE = 4
GEOMETRY = 5  # height above the floor, three components of the normal, valid
CHANNELS = 4 * 4 + GEOMETRY  # colour and inverse depth of 2 x 2 pixels, and the geometry of one of them
_NEAR_M = 0.25
_FAR_M = 20.0
_MAX_LOG_SIDE = math.log(512.0)
_Net = TypeVar("_Net", bound=nn.Module)


@dataclass(frozen=True)
class NetConfig:
    """Sizes of the network. ``widths`` are the channels at strides 4, 8, 16 and 32."""

    labels: tuple[str, ...]
    movable: tuple[bool, ...]  # for each label, whether such a thing can be out of place
    widths: tuple[int, int, int, int] = (40, 80, 144, 208)
    decoder: tuple[int, int, int] = (48, 64, 96)  # channels at strides 4, 8 and 16
    blocks: tuple[int, int, int, int] = (1, 2, 2, 2)


@dataclass(frozen=True, eq=False)
class Cells:
    """What the cells say."""

    classes: Tensor  # (B, 1 + labels, h, w) logits; 0 is structure or nothing
    sides: Tensor  # (B, 4, h, w) pixels from the middle of the cell up, left, down and right to the sides of the box
    quality: Tensor  # (B, h, w) logit of the expected IoU of that box
    out_of_place: Tensor  # (B, h, w) logit
    features: Tensor  # (B, F, h, w)


def channels(rgb: Tensor, depth: Tensor, camera: Tensor, pose: Tensor) -> Tensor:
    """Turn frames into what the network reads.

    Args:
        rgb: (B, 3, H, W) float in [0, 1].
        depth: (B, H, W) float, metres along the optical axis; what is not a positive finite number is invalid.
        camera: (B, 4) fx, fy, cx, cy in pixels.
        pose: (B, 4, 4) map_T_camera, float.

    Returns:
        (B, CHANNELS, H / 2, W / 2).

    """
    good = torch.isfinite(depth) & (depth > 0)
    metres = torch.where(good, depth, 0.0).clamp(max=_FAR_M)
    inverse = torch.where(good, 1.0 / metres.clamp(min=_NEAR_M), 0.0)
    looks = torch.cat([rgb - 0.5, inverse[:, None] - 0.5], 1)
    return torch.cat([F.pixel_unshuffle(looks, 2), _geometry(metres[:, ::2, ::2], good[:, ::2, ::2], camera, pose)], 1)


def _geometry(depth: Tensor, good: Tensor, camera: Tensor, pose: Tensor) -> Tensor:
    """(B, GEOMETRY, H, W) of every second pixel; depth is (B, H, W)."""
    h, w = depth.shape[1:]
    fx, fy, cx, cy = (camera[:, k, None] for k in range(4))
    across = (torch.arange(w, device=depth.device) * 2 + 0.5 - cx) / fx
    down = (torch.arange(h, device=depth.device) * 2 + 0.5 - cy) / fy
    x, y = depth * across[:, None, :], depth * down[:, :, None]
    points = torch.stack([x, y, depth], 1)  # optical frame
    up = pose[:, 2, :3]
    height = torch.einsum("bk,bkhw->bhw", up, points) + pose[:, 2, 3, None, None]
    padded = F.pad(points, (1, 1, 1, 1), mode="replicate")
    right = padded[:, :, 1:-1, 2:] - padded[:, :, 1:-1, :-2]
    below = padded[:, :, 2:, 1:-1] - padded[:, :, :-2, 1:-1]
    normal = torch.linalg.cross(below, right, dim=1)
    normal = normal * (normal * normal).sum(1, keepdim=True).clamp(min=1e-18).rsqrt()
    ahead = torch.linalg.cross(up, torch.eye(3, device=up.device, dtype=up.dtype)[:1].expand_as(up), dim=1)
    turned = torch.stack(
        [normal[:, 0], torch.einsum("bk,bkhw->bhw", up, normal), torch.einsum("bk,bkhw->bhw", ahead, normal)], 1
    )
    valid = good[:, None].to(depth.dtype)
    return torch.cat([(height[:, None] - 1.0).clamp(-2.0, 2.0) * valid, turned * valid, valid], 1)


class _Conv(nn.Sequential):
    def __init__(self, inputs: int, outputs: int, size: int = 3, stride: int = 1, *, active: bool = True) -> None:
        layers: list[nn.Module] = [
            nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False),
            nn.BatchNorm2d(outputs),
        ]
        super().__init__(*layers, *([nn.ReLU(inplace=True)] if active else []))

    def fuse(self) -> None:
        """Make the normalisation, as it is in evaluation, part of the convolution."""
        conv, norm = self[0], self[1]
        if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            self[0], self[1] = fuse_conv_bn_eval(conv, norm), nn.Identity()


class _Block(nn.Module):
    """Residual block of two 3 x 3 convolutions; the first may halve the grid."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(_Conv(inputs, outputs, 3, stride), _Conv(outputs, outputs, active=False))
        same = inputs == outputs and stride == 1
        self.skip = nn.Identity() if same else _Conv(inputs, outputs, 1, active=False)
        self.pool = nn.AvgPool2d(stride) if stride > 1 else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.body(x) + self.skip(self.pool(x)))


class DetectorNet(nn.Module):
    """Encoder to stride 32, decoder back to stride 4, one linear head."""

    def __init__(self, config: NetConfig) -> None:
        """Build the network with random weights."""
        super().__init__()
        self.config = config
        w4, w8, w16, w32 = config.widths
        self.stem = _Conv(CHANNELS, w4, 3, 2)
        self.stages = nn.ModuleList(
            _stage(inputs, outputs, count, stride)
            for inputs, outputs, count, stride in zip(
                (w4, w4, w8, w16), config.widths, config.blocks, (1, 2, 2, 2), strict=True
            )
        )
        d4, d8, d16 = config.decoder
        self.laterals = nn.ModuleList(
            [_Conv(w32, d16, 1), _Conv(w16, d16, 1), _Conv(d16, d8, 1), _Conv(w8, d8, 1), _Conv(d8, d4, 1),
             _Conv(w4, d4, 1)]
        )  # fmt: skip
        self.merges = nn.ModuleList([_Conv(d16, d16), _Conv(d8, d8), _Conv(d4, d4)])
        self.neck = _Conv(d4, d4)
        self.head = nn.Conv2d(d4, 1 + len(config.labels) + 6, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, head + features, h, w): raw numbers for :func:`read_cells`."""
        levels = []
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
            levels.append(x)
        for k, level in enumerate((levels[2], levels[1], levels[0])):
            up = F.interpolate(self.laterals[2 * k](x), scale_factor=2.0, mode="nearest")
            x = self.merges[k](up + self.laterals[2 * k + 1](level))
        x = self.neck(x)
        with torch.autocast(x.device.type, enabled=False):  # half precision is too coarse for boxes
            return torch.cat([self.head(x.float()), x.float()], 1)

    def fused(self) -> DetectorNet:
        """Return a copy for inference, whose normalisations are part of the convolutions."""
        copy = DetectorNet(self.config)
        copy.load_state_dict(self.state_dict())
        copy.eval()
        for module in copy.modules():
            if isinstance(module, _Conv):
                module.fuse()
        return channels_last(copy.requires_grad_(requires_grad=False))


def channels_last(net: _Net) -> _Net:
    """Lay the weights out the way convolutions on processors like them; return the same network."""
    for parameter in net.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return net


def _stage(inputs: int, outputs: int, count: int, stride: int) -> nn.Sequential:
    first = _Block(inputs, outputs, stride)
    return nn.Sequential(first, *(_Block(outputs, outputs, 1) for _ in range(count - 1)))


def read_cells(raw: Tensor, labels: int) -> Cells:
    """Name the numbers that the network gives."""
    k = 1 + labels
    # one gradient for all parts, where slices would each make one full of zeros
    classes, sides, two, features = torch.split(raw, [k, 4, 2, raw.shape[1] - k - 6], 1)
    quality, out_of_place = two.unbind(1)
    return Cells(classes, sides.add(3.0).clamp(max=_MAX_LOG_SIDE).exp(), quality, out_of_place, features)


def boxes_of(sides: Tensor) -> Tensor:
    """(B, 4, h, w) boxes in pixels from the distances to their sides."""
    h, w = sides.shape[2:]
    rows = ((torch.arange(h, device=sides.device) + 0.5) * STRIDE)[:, None].expand(h, w)
    cols = ((torch.arange(w, device=sides.device) + 0.5) * STRIDE)[None].expand(h, w)
    return torch.stack([rows - sides[:, 0], cols - sides[:, 1], rows + sides[:, 2], cols + sides[:, 3]], 1)


def multiply_adds(config: NetConfig, height: int, width: int) -> int:
    """Multiply-add operations of all convolutions for one image; FLOPs are twice as many."""
    total = 0

    def count(module: nn.Module, _: object, output: Tensor) -> None:
        nonlocal total
        if isinstance(module, nn.Conv2d):
            total += output[0].numel() * module.weight[0].numel()

    net = DetectorNet(config).eval()
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(count)
    with torch.no_grad():
        net(torch.zeros(1, CHANNELS, height // 2, width // 2))
    return total

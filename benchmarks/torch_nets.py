"""The nets in PyTorch, as its tutorials write them, with the same first weights.

Images come with the channels first in shape, as PyTorch has it; where they lie in
memory is a setting.
"""

from __future__ import annotations

import nets
import numpy as np
import torch
from nets import Net
from torch import nn
from torch.nn import functional


def fill(parameter: torch.Tensor, layer: str, index: int, role: str, shape, turn=None):
    """Give a parameter its first value, turned from Keras's axes."""
    value = nets.first(layer, index, role, tuple(shape))
    value = value if turn is None else turn(value)
    with torch.no_grad():
        parameter.copy_(torch.from_numpy(np.ascontiguousarray(value)))


def filters_first(value: np.ndarray) -> np.ndarray:
    """(window..., channels, filters) to (filters, channels, window...)."""
    return np.moveaxis(value, (-1, -2), (0, 1))


def channels_outside(value: np.ndarray) -> np.ndarray:
    """A depthwise kernel (window..., channels, 1) to (channels, 1, window...)."""
    return np.moveaxis(value, (-2, -1), (0, 1))


def conv(layer, inside, outside, window, rank=2, index=0, bias=True, **how):
    """A convolution with the first weights of a layer."""
    kind = {1: nn.Conv1d, 2: nn.Conv2d}[rank]
    part = kind(inside, outside, window, bias=bias, **how)
    shape = (*[window] * rank, inside, outside)
    fill(part.weight, layer, index, "kernel", shape, filters_first)
    if bias:
        nn.init.zeros_(part.bias)
    return part


def dense(layer, inside, outside, flattened=None):
    """A dense layer; `flattened`: what (rows, columns, channels) was made flat."""
    part = nn.Linear(inside, outside)

    def turn(value):
        if flattened is not None:
            value = value.reshape(*flattened, outside).transpose(2, 0, 1, 3)
            value = value.reshape(inside, outside)
        return value.T

    fill(part.weight, layer, 0, "kernel", (inside, outside), turn)
    nn.init.zeros_(part.bias)
    return part


def norm(channels):
    """Batch normalization with Keras's constants."""
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


def mnist():
    """Two convolutions, then two dense layers."""
    return nn.Sequential(
        conv("conv1", 1, 32, 3),
        nn.ReLU(),
        conv("conv2", 32, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        dense("dense1", 9216, 128, (12, 12, 64)),
        nn.ReLU(),
        dense("dense2", 128, 10),
    )


class Residual(nn.Module):
    """A block of ResNet-20; padding before a stride of 2 stands as in Keras."""

    def __init__(self, name, inside, outside, stride):
        super().__init__()
        edge = 0 if stride > 1 else 1
        self.pad = nn.ZeroPad2d((0, 1, 0, 1)) if stride > 1 else nn.Identity()
        self.conv1 = conv(
            f"conv{name}a", inside, outside, 3, bias=False, stride=stride, padding=edge
        )
        self.norm1 = norm(outside)
        self.conv2 = conv(f"conv{name}b", outside, outside, 3, bias=False, padding=1)
        self.norm2 = norm(outside)
        self.short = nn.Identity()
        if stride > 1:
            self.short = conv(
                f"short{name}", inside, outside, 1, bias=False, stride=stride
            )

    def forward(self, x):
        y = functional.relu(self.norm1(self.conv1(self.pad(x))))
        return functional.relu(self.short(x) + self.norm2(self.conv2(y)))


def resnet():
    """He et al., Deep residual learning, 2015, section 4.2, with n = 3."""
    parts = [conv("conv0", 3, 16, 3, bias=False, padding=1), norm(16), nn.ReLU()]
    inside = 16
    for i, filters in enumerate((16, 32, 64)):
        for j in range(3):
            stride = 2 if i and not j else 1
            parts.append(Residual(f"{i}{j}", inside, filters, stride))
            inside = filters
    return nn.Sequential(
        *parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), dense("dense", 64, 10)
    )


def separable(layer, inside, outside):
    """Each channel alone, then all channels of a pixel, then normalization."""
    depth = nn.Conv2d(inside, inside, 3, padding=1, groups=inside, bias=False)
    shape = (3, 3, inside, 1)
    fill(depth.weight, layer, 0, "depthwise_kernel", shape, channels_outside)
    point = conv(layer, inside, outside, 1, index=1, bias=False)
    return nn.Sequential(depth, point, norm(outside))


class Entry(nn.Module):
    """A block of Xception's entry flow."""

    def __init__(self, inside, outside):
        super().__init__()
        self.short = nn.Sequential(
            conv(f"short{outside}", inside, outside, 1, bias=False, stride=2),
            norm(outside),
        )
        self.main = nn.Sequential(
            separable(f"sep{outside}a", inside, outside),
            nn.ReLU(),
            separable(f"sep{outside}b", outside, outside),
            nn.MaxPool2d(3, 2, ceil_mode=True),
        )

    def forward(self, x):
        return self.main(x) + self.short(x)


def xception():
    """Blocks as in Chollet, Xception, 2016, figure 5, for small images."""
    return nn.Sequential(
        conv("conv", 3, 32, 3, bias=False, padding=1),
        norm(32),
        nn.ReLU(),
        Entry(32, 64),
        Entry(64, 128),
        Entry(128, 256),
        separable("sep512", 256, 512),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        dense("dense", 512, 10),
    )


class Text(nn.Module):
    """Words, three convolutions over them, the largest of each feature."""

    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(5000, 50)
        fill(self.words.weight, "words", 0, "embeddings", (5000, 50))
        self.convs = nn.Sequential(
            conv("conv0", 50, 250, 3, rank=1),
            nn.ReLU(),
            conv("conv1", 250, 250, 3, rank=1),
            nn.ReLU(),
            conv("conv2", 250, 250, 3, rank=1),
            nn.ReLU(),
        )
        self.dense1, self.dense2 = dense("dense1", 250, 250), dense("dense2", 250, 2)

    def forward(self, x):
        x = self.convs(self.words(x).transpose(1, 2)).amax(2)
        return self.dense2(functional.relu(self.dense1(x)))


class ConvLSTM(nn.Module):
    """A convolutional LSTM; inputs of all steps are convolved at once."""

    def __init__(self, layer, inside, filters, sequences):
        super().__init__()
        self.conv = conv(layer, inside, 4 * filters, 3, padding=1)
        self.again = conv(
            layer, filters, 4 * filters, 3, index=1, bias=False, padding=1
        )
        self.sequences = sequences

    def forward(self, x):
        gates = self.conv(x.flatten(0, 1)).unflatten(0, x.shape[:2])
        outputs, h, c = [], None, None
        for now in gates.unbind(1):
            i, f, g, o = (now if h is None else now + self.again(h)).chunk(4, 1)
            new = torch.sigmoid(i) * torch.tanh(g)
            c = new if c is None else torch.sigmoid(f) * c + new
            h = torch.sigmoid(o) * torch.tanh(c)
            outputs.append(h)
        return torch.stack(outputs, 1) if self.sequences else h


def video():
    """Two ConvLSTM, then the mean over the image."""
    return nn.Sequential(
        ConvLSTM("lstm1", 1, 16, True),
        ConvLSTM("lstm2", 16, 16, False),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        dense("dense", 16, 4),
    )


BUILDERS = {
    "mnist": mnist,
    "resnet": resnet,
    "xception": xception,
    "text": Text,
    "video": video,
}


class Family:
    """What an engine of `plain_torch` does with a net.

    Args:
        compiled: Whether `torch.compile` is used.
    """

    def __init__(self, compiled: bool):
        self.compiled = compiled
        self.most = torch.get_num_threads()

    def settings(self, net: Net, part: str) -> list[dict]:
        """Threads, and how images lie in memory."""
        layouts = [False, True] if len(net.shape) == 3 else [False]
        threads = {1, self.most} if part == "1" and not self.compiled else {self.most}
        return [
            {"threads": n, "channels last": last}
            for n in sorted(threads)
            for last in layouts
        ]

    def module(self, net: Net, setting: dict):
        """The module."""
        module = BUILDERS[net.name]()
        if setting.get("channels last"):
            module = module.to(memory_format=torch.channels_last)
        return torch.compile(module) if self.compiled else module

    def inputs(self, x: np.ndarray, setting: dict) -> torch.Tensor:
        """Inputs as PyTorch has them."""
        if x.ndim > 3:
            x = np.moveaxis(x, -1, -3)
        memory = torch.channels_last if setting.get("channels last") else None
        x = torch.from_numpy(np.ascontiguousarray(x))
        return x if memory is None else x.contiguous(memory_format=memory)

    def repetition(self, net: Net, part: str, setting: dict):
        """What one repetition does."""
        x, y = nets.data(net, net.steps)
        x, y = self.inputs(x, setting), torch.from_numpy(y)
        module = self.module(net, setting)
        torch.set_num_threads(setting["threads"])
        if part in ("first", "train"):
            train, batches = trainer(module, net), net.batches(part)

            def fit():
                torch.set_num_threads(setting["threads"])
                losses = [
                    train(x[i : i + net.batch], y[i : i + net.batch])
                    for i in range(0, next(batches) * net.batch, net.batch)
                ]
                return torch.stack(losses).numpy()

            return fit
        if part == "many":
            parts, calls = x[: net.many].split(net.batch), 1
        else:
            parts = (x[: int(part)],)
            calls = net.calls if part == "1" else nets.LARGE_CALLS
        module.eval()

        @torch.inference_mode()
        def ask():
            torch.set_num_threads(setting["threads"])
            for _ in range(calls):
                torch.cat([module(rows).softmax(-1) for rows in parts]).numpy()

        return ask

    def losses(self, net: Net, count: int) -> list[float]:
        """Losses of the first batches, in the order of the rows."""
        setting = self.settings(net, "train")[0]
        x, y = nets.data(net, count)
        x, y = self.inputs(x, setting), torch.from_numpy(y)
        train = trainer(self.module(net, setting), net)
        starts = range(0, count * net.batch, net.batch)
        return [
            train(x[i : i + net.batch], y[i : i + net.batch]).item() for i in starts
        ]


def trainer(module: nn.Module, net: Net):
    """A function that trains on a batch and returns the loss."""
    if net.rule == "sgd":
        rule = torch.optim.SGD(module.parameters(), lr=net.rate, momentum=nets.MOMENTUM)
    else:
        rule = torch.optim.Adam(module.parameters(), lr=net.rate, eps=1e-7)
    module.train()

    def train(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        rule.zero_grad(set_to_none=True)
        loss = functional.cross_entropy(module(x), y)
        loss.backward()
        rule.step()
        return loss.detach()

    return train

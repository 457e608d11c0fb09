"""The same steps in PyTorch alone: a loop as its tutorials write it."""

from __future__ import annotations

import nets
import numpy as np
import torch
import torch_nets
import torch_sequences
import workloads
from torch.nn import functional
from workloads import BATCH, CALLS, DROPOUT, EPSILON, RATE, RHO, SMALL_BATCH, WIDTHS


def module_for(kind: str, dropout: float = DROPOUT) -> torch.nn.Sequential:
    """A model with the weights that all engines begin with; gives logits."""
    parts: list[torch.nn.Module] = []
    widths = WIDTHS[kind]
    for rows, columns in zip(widths, widths[1:], strict=False):
        if parts:
            parts += [torch.nn.ReLU(), torch.nn.Dropout(dropout)]
        parts.append(torch.nn.Linear(rows, columns))
    module = torch.nn.Sequential(*parts)
    with torch.no_grad():
        for own, given in zip(
            module.parameters(), workloads.weights(kind), strict=True
        ):
            own.copy_(torch.from_numpy(given.T))
    return module


torch_nets.BUILDERS.update(torch_sequences.BUILDERS)


class Engine:
    """PyTorch by hand; its compiler is tried with the nets."""

    def __init__(self, name: str):
        self.most = torch.get_num_threads()
        self.nets = torch_nets.Family(name == workloads.COMPILED)

    def settings(self, workload: str) -> list[dict]:
        """Numbers of threads; one call has no use for several."""
        found = nets.find(workload)
        if found:
            return self.nets.settings(*found)
        return [{"threads": n} for n in sorted({1, self.most})]

    def prepare(self, workload: str, setting: dict):
        """A function without arguments: one repetition."""
        found = nets.find(workload)
        if found:
            return self.nets.repetition(*found, setting)
        repeat = self.repetition(workload)

        def run():
            torch.set_num_threads(setting["threads"])
            return repeat()

        return run

    def repetition(self, workload: str):
        """What one repetition does."""
        arrays = workloads.data(workload)
        x, y = (torch.from_numpy(a) for a in arrays)
        module = module_for(workloads.model_of(workload))
        if workload == "evaluate":

            @torch.inference_mode()
            def evaluate():
                module.eval()
                total = torch.zeros(())
                for batch, labels in zip(
                    workloads.batches(x), workloads.batches(y), strict=True
                ):
                    total += functional.cross_entropy(
                        module(batch), labels, reduction="sum"
                    )
                return total.item() / len(x)

            return evaluate
        if workload == "predict":

            @torch.inference_mode()
            def predict():
                module.eval()
                parts = [module(batch).softmax(-1) for batch in workloads.batches(x)]
                return torch.cat(parts).numpy()

            return predict
        if workload == "predict one":
            row = arrays[0][:1]

            @torch.inference_mode()
            def ask():
                module.eval()
                for _ in range(CALLS):
                    module(torch.from_numpy(row)).softmax(-1).numpy()

            return ask
        train = trainer(module)
        if workload == "train on batch":
            x, y = arrays[0][:SMALL_BATCH], arrays[1][:SMALL_BATCH]

            def calls():
                for _ in range(CALLS):
                    train(torch.from_numpy(x), torch.from_numpy(y)).item()

            return calls

        def fit():
            order = torch.randperm(len(x))
            losses = [train(x[rows], y[rows]) for rows in workloads.batches(order)]
            return torch.stack(losses).numpy()

        return fit

    def losses(self, kind: str) -> list[float]:
        """Losses of the first batches, in the order of the rows."""
        net = nets.named(kind)
        if net:
            return self.nets.losses(net, workloads.COMPARED)
        x, y = (torch.from_numpy(a) for a in workloads.data())
        train = trainer(module_for(kind, dropout=0.0), workloads.COMPARED_RATE)
        starts = np.arange(workloads.COMPARED) * BATCH
        return [train(x[i : i + BATCH], y[i : i + BATCH]).item() for i in starts]


def trainer(module: torch.nn.Sequential, rate: float = RATE):
    """A function that trains on a batch and returns the loss."""
    rule = torch.optim.RMSprop(module.parameters(), lr=rate, alpha=RHO, eps=EPSILON)

    def train(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        module.train()
        rule.zero_grad(set_to_none=True)
        loss = functional.cross_entropy(module(x), y)
        loss.backward()
        rule.step()
        return loss.detach()

    return train

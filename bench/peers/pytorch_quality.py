"""How well does the LSTM of rnn learn in PyTorch in the same time?

    pytorch_quality.py TRAIN VALIDATION TEST --hidden 256 --layers 2 --embedding 64 --dropout 0.3 --seconds 165

Trains the network of pytorch_network.py as `rnn train --budget` does: AdamW, gradients clipped by their global norm, a learning rate that
rises for some steps and decays along half a cosine over the time, the state carried from window to window, ten evaluations whose time is
not counted, and at the end the test loss of the best evaluation's weights. Forget biases start at 1. Prints lines of JSON.
"""
import argparse
import copy
import json
import math
import statistics
import time

from peer_setup import add_thread_options, blas_name, limit_threads

EVALUATIONS = 10
EVALUATION_ROWS = 16
EVALUATION_STEPS = 200


def arguments():
    parser = argparse.ArgumentParser()
    for part in ('train', 'validation', 'test'):
        parser.add_argument(part)
    for name, default in dict(hidden=256, layers=2, embedding=64, batch=32, seq=64, warmup=20, seed=1).items():
        parser.add_argument(f'--{name}', type=int, default=default)
    for name, default in {'dropout': 0, 'weight-decay': 0, 'learning-rate': 2e-3, 'clip-norm': 5, 'final-fraction': 0.01}.items():
        parser.add_argument(f'--{name}', type=float, default=default)
    parser.add_argument('--seconds', type=float, required=True, help='seconds of training, without evaluations')
    add_thread_options(parser)
    return parser.parse_args()


options = arguments()
limit_threads(options)
import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from pytorch_network import Network, detached, streams  # noqa: E402


def read(path):
    with open(path, encoding='utf-8', newline='') as file:
        return file.read()


def say(**values):
    print(json.dumps(values), flush=True)


def evaluate(network, symbols):
    """Returns the mean loss in nats per character, over contiguous chunks that start from a zero state."""
    inputs, targets = streams(symbols, EVALUATION_ROWS)
    nats, state = 0.0, None
    network.eval()
    with torch.inference_mode():
        for at in range(0, len(inputs), EVALUATION_STEPS):
            logits, state = network(inputs[at:at + EVALUATION_STEPS], state)
            nats += F.cross_entropy(logits, targets[at:at + EVALUATION_STEPS].flatten(), reduction='sum').item()
    network.train()
    return nats / targets.numel()


def set_forget_biases(network, value):
    """PyTorch orders the gates input, forget, cell, output, and adds two biases."""
    hidden = network.cell.hidden_size
    with torch.no_grad():
        for name, bias in network.cell.named_parameters():
            if name.startswith('bias_'):
                bias[hidden:2 * hidden] = value if name.startswith('bias_hh') else 0


def learning_rate(step, fraction):
    floor = options.final_fraction
    cosine = floor + (1 - floor) * (1 + math.cos(math.pi * min(1, fraction))) / 2
    return options.learning_rate * min(1, (step + 1) / max(1, options.warmup)) * cosine


def main():
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(options.seed)
    texts = [read(path) for path in (options.train, options.validation, options.test)]
    index = {character: i for i, character in enumerate(sorted(set(texts[0])))}
    # A model cannot read a character that it never saw.
    train, validation, test = (torch.tensor([index[character] for character in text if character in index]) for text in texts)
    network = Network('lstm', len(index), options.hidden, options.layers, options.embedding, options.dropout)
    set_forget_biases(network, 1)
    parameters = list(network.parameters())
    optimizer = torch.optim.AdamW(parameters, lr=options.learning_rate, weight_decay=options.weight_decay)
    say(event='start', peer='PyTorch', version=torch.__version__, blas=blas_name(torch), blasThreads=options.blas_threads,
        threads=options.threads, parameters=sum(each.numel() for each in parameters))

    inputs, targets = streams(train, options.batch)
    windows = len(inputs) // options.seq
    step, trained, evaluations, best, losses = 0, 0.0, 0, (float('inf'), None), []
    while trained < options.seconds:
        began = time.perf_counter()
        at = step % windows * options.seq
        state = None if at == 0 else state
        for group in optimizer.param_groups:
            group['lr'] = learning_rate(step, trained / options.seconds)
        logits, state = network(inputs[at:at + options.seq], state)
        state = detached(state)
        loss = F.cross_entropy(logits, targets[at:at + options.seq].flatten())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, options.clip_norm)
        optimizer.step()
        losses.append(loss.item())
        step += 1
        trained += time.perf_counter() - began
        if trained >= min(options.seconds, (evaluations + 1) * options.seconds / EVALUATIONS):
            evaluations += 1
            nats = evaluate(network, validation)
            if nats < best[0]:
                best = (nats, copy.deepcopy(network.state_dict()))
            say(event='evaluation', step=step, epoch=step / windows, seconds=trained, validationLossNats=nats,
                trainingLossNats=statistics.fmean(losses))
            losses = []
    network.load_state_dict(best[1])
    say(event='end', steps=step, epochs=step / windows, seconds=trained, validationLossNats=best[0],
        testLossNats=evaluate(network, test), charactersPerSecond=step * options.batch * options.seq / trained)


main()

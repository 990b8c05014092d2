"""The same network, task and update in PyTorch: how fast does it train and sample on this machine?

    pytorch.py CORPUS --cell lstm --hidden 128 --layers 2 --batch 50 --seq 50 --seconds 4
    pytorch.py CORPUS --hidden 128 --layers 2 --embedding 64 --sample 5000

The network of pytorch_network.py, cross-entropy, clipping by the global norm, Adam. The state is carried from window to window. Prints
one line of JSON. The time of preparations is not counted.
"""
import argparse
import json
import statistics
import time

from peer_setup import add_thread_options, blas_name, limit_threads

WARM_UP_STEPS = 3  # at most
WARM_UP_SECONDS = 1  # and no new step after this long
WARM_UP_SYMBOLS = 200
SLICE_SECONDS = 1  # a figure is the median of slices about this long, as those of rnn's reports are
CUDA_STEPS = 20  # between two looks at the clock: waiting for the card after each step would slow it down
LEARNING_RATE = 2e-3
CLIP_NORM = 5


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument('corpus')
    parser.add_argument('--cell', default='lstm', choices=['lstm', 'gru', 'rnn'])
    for name, default in dict(hidden=128, layers=2, batch=50, seq=50, embedding=0).items():
        parser.add_argument(f'--{name}', type=int, default=default)
    parser.add_argument('--seconds', type=float, default=4, help='seconds of training to measure')
    parser.add_argument('--steps', type=int, default=0, help='instead of --seconds')
    parser.add_argument('--sample', type=int, default=0, metavar='N', help='sample N characters one after the other, instead of training')
    parser.add_argument('--device', default='cpu', choices=['cpu', 'cuda'])
    add_thread_options(parser)
    return parser.parse_args()


options = arguments()
limit_threads(options)
import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from pytorch_network import Network, detached, streams  # noqa: E402


def training_steps(network, inputs, targets, seq):
    """Trains one update step for each loss that is taken."""
    optimizer = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE)
    parameters = list(network.parameters())
    while True:
        state = None
        for at in range(0, len(inputs) - seq + 1, seq):
            logits, state = network(inputs[at:at + seq], state)
            state = detached(state)
            loss = F.cross_entropy(logits, targets[at:at + seq].flatten())
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(parameters, CLIP_NORM)
            optimizer.step()
            yield loss


def settle(device):
    if device == 'cuda':
        torch.cuda.synchronize()


def train(network, symbols):
    steps = training_steps(network, *streams(symbols, options.batch), options.seq)
    warm_until = time.perf_counter() + WARM_UP_SECONDS
    for _ in range(WARM_UP_STEPS):
        next(steps)
        settle(options.device)
        if time.perf_counter() > warm_until:
            break
    figures, done, since = [], 0, 0
    started = mark = time.perf_counter()
    for loss in steps:
        done, since = done + 1, since + 1
        if options.device == 'cuda' and done % CUDA_STEPS and done != options.steps:
            continue
        settle(options.device)
        now = time.perf_counter()
        over = done >= options.steps if options.steps else now - started >= options.seconds
        if now - mark >= SLICE_SECONDS or (over and not figures):
            figures.append(since * options.batch * options.seq / (now - mark))
            mark, since = now, 0
        if over:
            return dict(charactersPerSecond=statistics.median(figures), steps=done, seconds=now - started, lossNats=loss.item())


def sample(network):
    """Samples tokens one after the other, and times the last N."""
    network.eval()
    symbol, state = torch.zeros(1, 1, dtype=torch.long, device=options.device), None
    with torch.inference_mode():
        for count in (WARM_UP_SYMBOLS, options.sample):
            settle(options.device)
            started = time.perf_counter()
            for _ in range(count):
                logits, state = network(symbol, state)
                symbol = torch.multinomial(F.softmax(logits, -1), 1)
            settle(options.device)
            seconds = time.perf_counter() - started
    return dict(charactersPerSecond=options.sample / seconds, seconds=seconds)


def main():
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(1)
    with open(options.corpus, encoding='utf-8', newline='') as file:
        text = file.read()
    index = {character: i for i, character in enumerate(sorted(set(text)))}
    network = Network(options.cell, len(index), options.hidden, options.layers, options.embedding).to(options.device)
    if options.sample:
        result = dict(measure='sample', **sample(network))
    else:
        result = dict(measure='train', **train(network, torch.tensor([index[character] for character in text], device=options.device)))
    card = torch.cuda.get_device_name() if options.device == 'cuda' else None
    setting = {name: getattr(options, name) for name in ('cell', 'hidden', 'layers', 'batch', 'seq', 'embedding', 'device', 'threads')}
    about = dict(peer='PyTorch', version=torch.__version__, card=card, blas=blas_name(torch), blasThreads=options.blas_threads)
    print(json.dumps(dict(**about, symbols=len(index), **setting, **result)))


main()

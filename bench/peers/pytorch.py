"""The same network, task and update in PyTorch: how fast does it train and sample on this machine?

    pytorch.py CORPUS --cell lstm --hidden 128 --layers 2 --batch 50 --seq 50 --seconds 4
    pytorch.py CORPUS --hidden 128 --layers 2 --embedding 64 --sample 5000

The network of pytorch_network.py, cross-entropy, clipping by the global norm, Adam. The state is carried from window to window. Prints
one line of JSON. The time of preparations is not counted.
"""
import json
import time

from peer_setup import add_thread_options, blas_name, limit_threads
from peer_speed import measure_training, network_parser, read_ids

WARM_UP_SECONDS = 1
WARM_UP_SYMBOLS = 200
CUDA_STEPS = 20  # between two looks at the clock: waiting for the card after each step would slow it down
LEARNING_RATE = 2e-3
CLIP_NORM = 5


def arguments():
    parser = network_parser()
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


def train(network, ids):
    losses = training_steps(network, *streams(ids, options.batch), options.seq)
    stride = CUDA_STEPS if options.device == 'cuda' else 1
    return measure_training(losses, options, lambda loss: settle(options.device), WARM_UP_SECONDS, stride)


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
    ids, symbols = read_ids(options.corpus)
    network = Network(options.cell, symbols, options.hidden, options.layers, options.embedding).to(options.device)
    if options.sample:
        result = dict(measure='sample', **sample(network))
    else:
        result = dict(measure='train', **train(network, torch.tensor(ids, device=options.device)))
    card = torch.cuda.get_device_name() if options.device == 'cuda' else None
    setting = {name: getattr(options, name) for name in ('cell', 'hidden', 'layers', 'batch', 'seq', 'embedding', 'device', 'threads')}
    about = dict(peer='PyTorch', version=torch.__version__, card=card, blas=blas_name(torch), blasThreads=options.blas_threads)
    print(json.dumps(dict(**about, symbols=symbols, **setting, **result)))


main()

"""Shared by the peers whose speed is measured: their options, their text, and the measured update steps. Needs neither torch nor jax."""
import argparse
import statistics
import time

WARM_UP_STEPS = 3  # at most
SLICE_SECONDS = 1  # a figure is the median of slices about this long, as those of rnn's reports are


def network_parser():
    parser = argparse.ArgumentParser()
    parser.add_argument('corpus')
    parser.add_argument('--cell', default='lstm', choices=['lstm', 'gru', 'rnn'])
    for name, default in dict(hidden=128, layers=2, batch=50, seq=50, embedding=0).items():
        parser.add_argument(f'--{name}', type=int, default=default)
    parser.add_argument('--seconds', type=float, default=4, help='seconds of training to measure')
    parser.add_argument('--steps', type=int, default=0, help='instead of --seconds')
    parser.add_argument('--sample', type=int, default=0, metavar='N', help='sample N characters one after the other, instead of training')
    return parser


def read_ids(path):
    """Returns the characters of a text as numbers, and how many different ones it has."""
    with open(path, encoding='utf-8', newline='') as file:
        text = file.read()
    index = {character: i for i, character in enumerate(sorted(set(text)))}
    return [index[character] for character in text], len(index)


def measure_training(losses, options, wait, warm_up_seconds=float('inf'), stride=1):
    """Returns the speed of update steps. An update step computes each loss that is taken, and wait(loss) ends when it is computed.

    Does not count the first steps, and begins none of these after warm_up_seconds. Looks at the clock after every stride steps.
    """
    warm_until = time.perf_counter() + warm_up_seconds
    for _ in range(WARM_UP_STEPS):
        wait(next(losses))
        if time.perf_counter() > warm_until:
            break
    figures, done, since = [], 0, 0
    started = mark = time.perf_counter()
    for loss in losses:
        done, since = done + 1, since + 1
        if done % stride and done != options.steps:
            continue
        wait(loss)
        now = time.perf_counter()
        over = done >= options.steps if options.steps else now - started >= options.seconds
        if now - mark >= SLICE_SECONDS or (over and not figures):
            figures.append(since * options.batch * options.seq / (now - mark))
            mark, since = now, 0
        if over:
            return dict(charactersPerSecond=statistics.median(figures), steps=done, seconds=now - started, lossNats=loss.item())

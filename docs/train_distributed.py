"""Continues to train an exported model in PyTorch, in all processes that torchrun starts: see docs/distributed.md."""
import argparse
import json
import math
import os
import time
import weakref

import torch
from torch import distributed, nn

from rnn_model import encode, load_model, write_safetensors

# Tokens that a stream goes back at most to the start of a line, and tokens that are read before a scored chunk.
MAX_STEPS_BACK = 256
WARM_UP = 128


def start_symbol(vocabulary, training):
    """Returns the id that a zero state reads before a text: a line feed, otherwise a space. None if the model has neither."""
    if not training.get("options", {}).get("textStarts", False):
        return None
    candidates = ["0a"] if vocabulary["unit"] == "byte" else ["\n", " "]
    return next((vocabulary["symbols"].index(each) for each in candidates if each in vocabulary["symbols"]), None)


def starts_of(ids, places, symbol):
    """Returns where streams start from a zero state: at the last start symbol before each place, if it is near."""
    starts = []
    for place in places:
        before = (ids[max(0, place - MAX_STEPS_BACK) : place + 1] == symbol).nonzero() if symbol is not None else []
        starts.append(max(0, place - MAX_STEPS_BACK) + before[-1].item() if len(before) > 0 else place)
    return starts


def window_of(ids, starts, steps):
    """Returns inputs and targets (steps, streams) from these starts on."""
    return (torch.stack([ids[start + shift : start + shift + steps] for start in starts], dim=1) for shift in (0, 1))


@torch.no_grad()
def evaluate(model, ids, symbol, count, steps, rank, processes, device):
    """Returns the mean loss in nats per character, as `rnn eval` computes it: contiguous chunks from a zero state, every
    target scored once. With a start symbol, the first chunk reads it first, and each other chunk the preceding text."""
    total = len(ids) - 1
    count = min(count, total)
    shortest, longer = divmod(total, count)
    mine = range(rank, count, processes)
    inputs = torch.zeros(WARM_UP + shortest + 1, len(mine), dtype=torch.long)
    targets = torch.full_like(inputs, -1)  # not counted: before a chunk and after its end
    padded = ids if symbol is None else torch.cat([torch.tensor([symbol]), ids])
    for column, stream in enumerate(mine):
        scored = stream * shortest + min(stream, longer) + (symbol is not None)  # places in the padded text
        end = scored + shortest + (stream < longer)
        start = scored if symbol is None else max(0, scored - (1 if stream == 0 else WARM_UP))
        inputs[: end - start, column] = padded[start:end]
        targets[scored - start : end - start, column] = padded[scored + 1 : end + 1]
    model.eval()
    nats, state = torch.zeros(1, dtype=torch.float64, device=device), None
    for first in range(0, len(inputs) if len(mine) > 0 else 0, steps):
        logits, state = model(inputs[first : first + steps].to(device), state)
        wanted = targets[first : first + steps].to(device).flatten()
        nats += nn.functional.cross_entropy(logits.flatten(0, 1), wanted, ignore_index=-1, reduction="sum").double()
    model.train()
    return sum_over_processes(nats) / total


def sum_over_processes(number):
    """Returns the sum of a tensor of one number over all processes."""
    tensor = number.clone()
    distributed.all_reduce(tensor)
    total, held = tensor.item(), weakref.ref(tensor)
    del tensor
    # A thread of gloo holds the tensor a little longer than all_reduce, and needs Python's lock to release it. If it asks
    # for the lock while Python exits, Python ends the thread, and the thread aborts the process.
    while distributed.get_backend() == "gloo" and held() is not None:
        time.sleep(0.001)
    return total


def positive(text):
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text}: expected a whole number from 1")
    return int(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", help="a file that rnn export wrote")
    parser.add_argument("text", help="the text to train on")
    parser.add_argument("--out", required=True, help="the file to write, for rnn import")
    parser.add_argument("--validation", help="another text to validate on, instead of the end of the first")
    parser.add_argument("--steps", type=positive, default=1000, help="update steps")
    parser.add_argument("--batch-size", type=positive, default=64, help="streams of all processes, a multiple of their number")
    parser.add_argument("--sequence-length", "--seq-length", type=positive, default=64, help="time steps through which gradients flow")
    parser.add_argument("--learning-rate", "--lr", type=float, default=2e-3)
    parser.add_argument("--clip-norm", type=float, default=5)
    parser.add_argument("--state-reset", type=float, default=0.05, help="fraction of windows that start from a zero state, 0 for none")
    parser.add_argument("--seed", type=int, default=1, help="seed of dropout and of the choice of these windows")
    options = parser.parse_args()

    on_gpu = torch.cuda.is_available()
    distributed.init_process_group("nccl" if on_gpu else "gloo")
    rank, processes = distributed.get_rank(), distributed.get_world_size()
    device = torch.device("cuda", int(os.environ["LOCAL_RANK"])) if on_gpu else torch.device("cpu")
    if on_gpu:
        torch.cuda.set_device(device)
    torch.manual_seed(options.seed + rank)  # otherwise all processes would drop the same units
    if options.batch_size % processes != 0:
        raise SystemExit(f"--batch-size is {options.batch_size}: expected a multiple of the {processes} processes")

    model, metadata = load_model(options.model)
    vocabulary, training = json.loads(metadata["vocabulary"]), json.loads(metadata.get("training", "{}"))
    if vocabulary.get("end") is not None:
        raise SystemExit("the model was trained on records: this program trains on one text")
    reading = training.get("reading", {})
    with open(options.text, "rb") as file:
        ids = encode(file.read(), vocabulary)
    if options.validation is not None:
        with open(options.validation, "rb") as file:
            train, validation = ids, encode(file.read(), vocabulary)
    elif reading.get("validationFile") is not None:
        raise SystemExit(f"the model was validated on {reading['validationFile']}: name it with --validation")
    else:
        # The end of the text without the test part, cut where rnn train cut it.
        tested = reading.get("testFraction", 0)
        cut = math.floor(len(ids) * (1 - (reading.get("validationFraction", 0.1) + tested)))
        end = math.floor(len(ids) * (1 - tested))
        train, validation = ids[:cut], ids[cut:end]
    if len(validation) < 2:
        raise SystemExit("nothing is held out to validate on: name a text with --validation")
    evaluation_streams = training.get("options", {}).get("evaluationStreams", 16)

    share = options.batch_size // processes
    stride = (len(train) - 1) // options.batch_size  # targets of a stream
    length = min(options.sequence_length, stride)
    windows = stride // length if length > 0 else 0
    symbol = start_symbol(vocabulary, training)
    if windows == 0:
        raise SystemExit(f"{len(train)} characters are too few for --batch-size {options.batch_size}")

    model.to(device)
    parallel = nn.parallel.DistributedDataParallel(model)
    optimizer = torch.optim.Adam(parallel.parameters(), lr=options.learning_rate)

    def report(step, learnt):
        nats = evaluate(model, validation, symbol, evaluation_streams, options.sequence_length, rank, processes, device)
        if rank == 0:
            print(f"step {step}: {learnt}validation loss {nats:.7f} nats per character", flush=True)
        return nats

    report(0, "")
    state, behind = None, []
    for step in range(options.steps):
        window = step % windows * length
        places = [stream * stride + window for stream in range(rank * share, (rank + 1) * share)]
        if window == 0 or torch.rand(()) < options.state_reset:
            state = None
            behind = [place - start for place, start in zip(places, starts_of(train, places, symbol))]
        inputs, targets = window_of(train, [place - back for place, back in zip(places, behind)], length)
        logits, state = parallel(inputs.to(device), state)
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), targets.to(device).flatten())
        optimizer.zero_grad()
        loss.backward()  # gradients are now the mean of all processes
        nn.utils.clip_grad_norm_(parallel.parameters(), options.clip_norm)
        optimizer.step()
        # The next window continues from this state, but gradients do not flow back into this window.
        state = tuple(part.detach() for part in state) if isinstance(state, tuple) else state.detach()
        if (step + 1) % 500 == 0 and step + 1 < options.steps:
            report(step + 1, f"training loss {loss.item():.4f}, ")
    nats = report(options.steps, f"training loss {loss.item():.4f}, ")

    if rank == 0:
        training["step"] = training.get("step", 0) + options.steps
        training["epoch"] = training.get("epoch", 0) + options.steps / windows
        training["bestValidationLossNats"] = nats
        write_safetensors(options.out, model.state_dict(), {**metadata, "training": json.dumps(training)})
    distributed.destroy_process_group()


main()

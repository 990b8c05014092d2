"""The classifier of names of PyTorch's tutorial, trained as the tutorial says, on pairs that are split by rnn.

    tutorial.py TRAIN VALIDATION TEST

A line of each file is name, tab, language. 27 epochs of SGD with a rate of 0.15, batches of 64 and a gradient norm of at most 3. The
tutorial does not choose a checkpoint, so VALIDATION is part of the training. Prints lines of JSON: at the end the accuracy on TEST, and
the mean recall of its languages.
"""
import argparse
import json
import random
import time
import unicodedata

from peer_setup import add_thread_options, blas_name, limit_threads

parser = argparse.ArgumentParser()
for part in ('train', 'validation', 'test'):
    parser.add_argument(part)
parser.add_argument('--epochs', type=int, default=27)
add_thread_options(parser)
options = parser.parse_args()
limit_threads(options)
import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ .,;'_"


class LanguageModel(nn.Module):
    """A vanilla RNN of 128 units over one-hot letters. The last state predicts the language."""

    def __init__(self, languages):
        super().__init__()
        self.rnn = nn.RNN(len(LETTERS), 128)
        self.head = nn.Linear(128, languages)

    def forward(self, name):
        return F.log_softmax(self.head(self.rnn(name)[1][0]), dim=1)


def pairs(path):
    with open(path, encoding='utf-8') as file:
        return [line.split('\t') for line in file.read().split('\n') if line]


def encoded(name, language, languages):
    plain = [c for c in unicodedata.normalize('NFD', name) if unicodedata.category(c) != 'Mn']
    ids = [LETTERS.find(c) if c in LETTERS else len(LETTERS) - 1 for c in plain]
    return F.one_hot(torch.tensor(ids), len(LETTERS)).float().unsqueeze(1), torch.tensor([languages.index(language)])


def train(model, data):
    """Returns the number of update steps."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.15)
    steps = 0
    for _ in range(options.epochs):
        random.shuffle(data)
        for first in range(0, len(data), 64):
            batch = data[first:first + 64]
            loss = sum(F.nll_loss(model(name), language) for name, language in batch) / len(batch)
            model.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 3)
            optimizer.step()
            steps += 1
    return steps


def main():
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    random.seed(1)
    known, held_out = pairs(options.train) + pairs(options.validation), pairs(options.test)
    languages = sorted({language for _, language in known})
    model = LanguageModel(len(languages))
    print(json.dumps(dict(event='start', peer="RNN of PyTorch's tutorial", version=torch.__version__, blas=blas_name(torch),
                          threads=options.threads, blasThreads=options.blas_threads,
                          parameters=sum(each.numel() for each in model.parameters()))), flush=True)
    began = time.perf_counter()
    steps = train(model, [encoded(name, language, languages) for name, language in known])
    seconds = time.perf_counter() - began
    right, seen = dict.fromkeys(languages, 0), dict.fromkeys(languages, 0)
    with torch.inference_mode():
        for name, language in held_out:
            letters, answer = encoded(name, language, languages)
            seen[language] += 1
            right[language] += int(model(letters).argmax() == answer)
    recalls = [right[language] / seen[language] for language in languages if seen[language]]
    print(json.dumps(dict(event='end', steps=steps, epochs=options.epochs, seconds=seconds, exactAccuracy=sum(right.values()) / len(held_out),
                          macroRecall=sum(recalls) / len(recalls))), flush=True)


main()

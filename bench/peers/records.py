"""Two well-known character models in PyTorch, on records that are split by rnn.

    records.py names TRAIN TEST --seconds 120       a GRU with the settings of makemore
    records.py languages TRAIN TEST                 the RNN of PyTorch's tutorial on names, 27 epochs

TRAIN and TEST have one record per line. A line of `languages` is name, tab, language. Prints one line of JSON: the loss in nats per
character (with the end of each record) after the best evaluation, or accuracy and the mean recall of all languages.
"""
import argparse
import json
import random
import time
import unicodedata

import torch
from torch import nn
from torch.nn import functional as F

parser = argparse.ArgumentParser()
parser.add_argument('task', choices=['names', 'languages'])
parser.add_argument('train')
parser.add_argument('test')
parser.add_argument('--seconds', type=float, default=120, help='for names')
parser.add_argument('--threads', type=int, default=2)
options = parser.parse_args()
torch.set_num_threads(options.threads)
torch.manual_seed(1)
random.seed(1)


def records(path):
    with open(path, encoding='utf-8') as file:
        return file.read().splitlines()


class NamesModel(nn.Module):
    """An embedding, a GRU of 64 units from a learned state, and a linear head."""

    def __init__(self, symbols, size=64):
        super().__init__()
        self.embedding = nn.Embedding(symbols, size)
        self.start = nn.Parameter(torch.zeros(1, 1, size))
        self.gru = nn.GRU(size, size, batch_first=True)
        self.head = nn.Linear(size, symbols)

    def forward(self, inputs):
        hidden, _ = self.gru(self.embedding(inputs), self.start.expand(1, len(inputs), -1).contiguous())
        return self.head(hidden)


def names(train, test):
    """Batches of 32, AdamW with a rate of 5e-4 and a decay of 0.01. Token 0 begins and ends a name."""
    index = {character: i + 1 for i, character in enumerate(sorted(set(''.join(train + test))))}
    longest = max(map(len, train + test)) + 1

    def encoded(lines):
        inputs, targets = torch.zeros(len(lines), longest, dtype=torch.long), torch.full((len(lines), longest), -1)
        for row, line in enumerate(lines):
            ids = torch.tensor([index[character] for character in line])
            inputs[row, 1:len(ids) + 1] = ids
            targets[row, :len(ids)] = ids
            targets[row, len(ids)] = 0
        return inputs, targets

    model = NamesModel(len(index) + 1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-4, weight_decay=0.01, betas=(0.9, 0.99))

    def loss(batch):
        inputs, targets = batch
        return F.cross_entropy(model(inputs).flatten(0, 1), targets.flatten(), ignore_index=-1)

    (inputs, targets), held_out = encoded(train), encoded(test)
    best, steps, started, evaluated = float('inf'), 0, time.perf_counter(), 0
    while time.perf_counter() - started - evaluated < options.seconds:
        rows = torch.randint(len(inputs), (32,))
        model.zero_grad(set_to_none=True)
        loss((inputs[rows], targets[rows])).backward()
        optimizer.step()
        steps += 1
        if steps % 500 == 0:
            before = time.perf_counter()
            with torch.inference_mode():
                best = min(best, loss(held_out).item())
            evaluated += time.perf_counter() - before
    return dict(peer='GRU with the settings of makemore', nats=best, steps=steps)


class LanguageModel(nn.Module):
    """A vanilla RNN of 128 units over one-hot letters. The last state predicts the language."""

    def __init__(self, letters, languages):
        super().__init__()
        self.rnn = nn.RNN(letters, 128)
        self.head = nn.Linear(128, languages)

    def forward(self, name):
        return F.log_softmax(self.head(self.rnn(name)[1][0]), dim=1)


def languages(train, test):
    """27 epochs of SGD with a rate of 0.15, batches of 64 and a gradient norm of at most 3."""
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ .,;'_"
    classes = sorted({line.split('\t')[1] for line in train})

    def encoded(line):
        name, language = line.split('\t')
        plain = [c for c in unicodedata.normalize('NFD', name) if unicodedata.category(c) != 'Mn']
        ids = [letters.find(c) if c in letters else len(letters) - 1 for c in plain]
        return F.one_hot(torch.tensor(ids), len(letters)).float().unsqueeze(1), torch.tensor([classes.index(language)])

    model = LanguageModel(len(letters), len(classes))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.15)
    data = [encoded(line) for line in train]
    for _ in range(27):
        random.shuffle(data)
        for first in range(0, len(data), 64):
            batch = data[first:first + 64]
            loss = sum(F.nll_loss(model(name), language) for name, language in batch) / len(batch)
            model.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 3)
            optimizer.step()
    found = {name: [0, 0] for name in classes}
    with torch.inference_mode():
        for name, language in map(encoded, test):
            counts = found[classes[language]]
            counts[0] += int(model(name).argmax() == language)
            counts[1] += 1
    accuracy = sum(right for right, _ in found.values()) / len(test)
    recalls = [right / count for right, count in found.values() if count]
    return dict(peer="RNN of PyTorch's tutorial", accuracy=accuracy, macroRecall=sum(recalls) / len(recalls))


began = time.perf_counter()
result = {'names': names, 'languages': languages}[options.task](records(options.train), records(options.test))
print(json.dumps(dict(**result, version=torch.__version__, seconds=time.perf_counter() - began)))

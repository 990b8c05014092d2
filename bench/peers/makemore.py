"""The GRU and the Transformer of makemore, trained as its code says, on records that are split by rnn.

    makemore.py TRAIN VALIDATION TEST --model gru|transformer --seconds 180

Each file has one record per line. From karpathy/makemore: batches of 32 records drawn with replacement, AdamW with a learning rate of
5e-4, a decay of 0.01 and betas of 0.9 and 0.99, 64 units (GRU), or 4 blocks of 4 heads and width 64 with GELU by tanh (Transformer), no
dropout, no schedule, and the weights of the best of the evaluations after every 500 steps. Differences: an evaluation reads all records
that rnn validates on, not a random thousand, its time is not counted, and batches are rows of one tensor, which is faster than the
DataLoader. The test records are scored once, at the end. Losses are nats per character, with the end of each record. Prints lines of JSON.
"""
import argparse
import copy
import json
import statistics
import time

from peer_setup import add_thread_options, blas_name, limit_threads

parser = argparse.ArgumentParser()
for part in ('train', 'validation', 'test'):
    parser.add_argument(part)
parser.add_argument('--model', choices=['gru', 'transformer'], required=True)
parser.add_argument('--seconds', type=float, required=True, help='seconds of training, without evaluations')
add_thread_options(parser)
options = parser.parse_args()
limit_threads(options)
import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

SEED = 3407
WIDTH = 64
BLOCKS = 4
HEADS = 4
BATCH = 32
STEPS_BETWEEN_EVALUATIONS = 500
EVALUATED_RECORDS = 1000  # of a batch


class GruCell(nn.Module):
    """A gate is a linear function of input and state. The reset gate acts on the state before the product, unlike in nn.GRU.

    z = σ(W_z [x, h])    r = σ(W_r [x, h])    h' = (1 − z) h + z tanh(W [x, r h])
    """

    def __init__(self):
        super().__init__()
        self.update, self.reset, self.candidate = (nn.Linear(2 * WIDTH, WIDTH) for _ in range(3))

    def forward(self, x, h):
        both = torch.cat([x, h], dim=1)
        z = torch.sigmoid(self.update(both))
        r = torch.sigmoid(self.reset(both))
        return (1 - z) * h + z * torch.tanh(self.candidate(torch.cat([x, r * h], dim=1)))


class Gru(nn.Module):
    """One layer over an embedding, from a learned state."""

    def __init__(self, symbols, _longest):
        super().__init__()
        self.start = nn.Parameter(torch.zeros(1, WIDTH))
        self.embedding = nn.Embedding(symbols, WIDTH)
        self.cell = GruCell()
        self.head = nn.Linear(WIDTH, symbols)

    def forward(self, ids):
        inputs, state, outputs = self.embedding(ids), self.start.expand(len(ids), -1), []
        for step in range(ids.shape[1]):
            state = self.cell(inputs[:, step], state)
            outputs.append(state)
        return self.head(torch.stack(outputs, dim=1))


class Attention(nn.Module):
    """Each position reads itself and the positions before it."""

    def __init__(self, longest):
        super().__init__()
        self.projection = nn.Linear(WIDTH, 3 * WIDTH)
        self.output = nn.Linear(WIDTH, WIDTH)
        self.register_buffer('hidden', torch.triu(torch.ones(longest, longest, dtype=torch.bool), diagonal=1))

    def forward(self, x):
        records, length, _ = x.shape
        queries, keys, values = (
            each.view(records, length, HEADS, WIDTH // HEADS).transpose(1, 2) for each in self.projection(x).chunk(3, dim=2)
        )
        scores = queries @ keys.transpose(2, 3) / (WIDTH // HEADS) ** 0.5  # (records, heads, length, length)
        weights = scores.masked_fill(self.hidden[:length, :length], float('-inf')).softmax(dim=3)
        return self.output((weights @ values).transpose(1, 2).reshape(records, length, WIDTH))


class Block(nn.Module):
    def __init__(self, longest):
        super().__init__()
        self.attention = nn.Sequential(nn.LayerNorm(WIDTH), Attention(longest))
        self.perceptron = nn.Sequential(
            nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(approximate='tanh'), nn.Linear(4 * WIDTH, WIDTH)
        )

    def forward(self, x):
        x = x + self.attention(x)
        return x + self.perceptron(x)


class Transformer(nn.Module):
    """Embeddings of tokens and positions, blocks as in GPT-2, and a head without biases."""

    def __init__(self, symbols, longest):
        super().__init__()
        self.tokens = nn.Embedding(symbols, WIDTH)
        self.positions = nn.Embedding(longest, WIDTH)
        self.blocks = nn.Sequential(*(Block(longest) for _ in range(BLOCKS)), nn.LayerNorm(WIDTH))
        self.head = nn.Linear(WIDTH, symbols, bias=False)

    def forward(self, ids):
        return self.head(self.blocks(self.tokens(ids) + self.positions.weight[:ids.shape[1]]))


def records(path):
    with open(path, encoding='utf-8') as file:
        return [line for line in file.read().split('\n') if line]


def encoded(lines, index, longest):
    """Returns inputs and targets (records, longest). Token 0 begins and ends a record, and target −1 is padding."""
    inputs, targets = torch.zeros(len(lines), longest, dtype=torch.long), torch.full((len(lines), longest), -1)
    for row, line in enumerate(lines):
        ids = torch.tensor([index[character] for character in line])
        inputs[row, 1:len(ids) + 1] = ids
        targets[row, :len(ids)] = ids
        targets[row, len(ids)] = 0
    return inputs, targets


def loss_of(model, inputs, targets, reduction='mean'):
    return F.cross_entropy(model(inputs).flatten(0, 1), targets.flatten(), ignore_index=-1, reduction=reduction)


def evaluate(model, inputs, targets):
    """Returns the mean loss of all tokens."""
    with torch.inference_mode():
        pairs = zip(inputs.split(EVALUATED_RECORDS), targets.split(EVALUATED_RECORDS))
        return sum(loss_of(model, *pair, reduction='sum').item() for pair in pairs) / (targets >= 0).sum().item()


def say(**values):
    print(json.dumps(values), flush=True)


def main():
    torch.set_num_threads(options.threads)
    torch.manual_seed(SEED)
    parts = [records(path) for path in (options.train, options.validation, options.test)]
    # makemore also makes its alphabet and its longest record from all records.
    index = {character: i + 1 for i, character in enumerate(sorted(set(''.join(line for part in parts for line in part))))}
    longest = max(len(line) for part in parts for line in part) + 1
    (inputs, targets), validation, test = (encoded(part, index, longest) for part in parts)
    model = {'gru': Gru, 'transformer': Transformer}[options.model](len(index) + 1, longest)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-4, weight_decay=0.01, betas=(0.9, 0.99), eps=1e-8)
    say(event='start', peer=f'makemore {options.model}', version=torch.__version__, blas=blas_name(torch), threads=options.threads,
        blasThreads=options.blas_threads, parameters=sum(each.numel() for each in model.parameters()))

    step, trained, best, losses, characters = 0, 0.0, (float('inf'), model.state_dict()), [], 0
    while trained < options.seconds:
        began = time.perf_counter()
        rows = torch.randint(len(inputs), (BATCH,))
        loss = loss_of(model, inputs[rows], targets[rows])
        model.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        step += 1
        trained += time.perf_counter() - began
        losses.append(loss.item())
        characters += (targets[rows] >= 0).sum().item()
        if step % STEPS_BETWEEN_EVALUATIONS == 0 or trained >= options.seconds:
            nats = evaluate(model, *validation)
            if nats < best[0]:
                best = (nats, copy.deepcopy(model.state_dict()))
            say(event='evaluation', step=step, epoch=step * BATCH / len(inputs), seconds=trained, validationLossNats=nats,
                trainingLossNats=statistics.fmean(losses))
            losses = []
    model.load_state_dict(best[1])
    say(event='end', steps=step, epochs=step * BATCH / len(inputs), seconds=trained, validationLossNats=best[0],
        testLossNats=evaluate(model, *test), charactersPerSecond=characters / trained)


main()

"""The network of rnn in PyTorch, and its batches."""
import torch
from torch import nn
from torch.nn import functional as F


class Network(nn.Module):
    """Stacked nn.LSTM, nn.GRU or nn.RNN with a linear head.

    The input is a learned embedding. If its width is 0, the input is one-hot, as a lookup in the identity matrix: this is faster than
    making one-hot vectors, and adds no weights. Dropout is applied to the outputs of each layer, also before the head.
    """

    def __init__(self, cell, symbols, hidden, layers, embedding=0, dropout=0.0):
        super().__init__()
        self.embedding = nn.Embedding(symbols, embedding) if embedding > 0 else None
        self.register_buffer('one_hot', None if embedding > 0 else torch.eye(symbols))
        kind = {'lstm': nn.LSTM, 'gru': nn.GRU, 'rnn': nn.RNN}[cell]
        self.cell = kind(embedding or symbols, hidden, layers, dropout=dropout if layers > 1 else 0.0)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(hidden, symbols)

    def forward(self, symbols, state):
        inputs = F.embedding(symbols, self.one_hot) if self.embedding is None else self.embedding(symbols)
        hidden, state = self.cell(inputs, state)
        return self.head(self.dropout(hidden).flatten(0, 1)), state  # (T·N, V)


def streams(symbols, rows):
    """Returns inputs and targets, time first, of batch rows that are spread over the text."""
    length = (len(symbols) - 1) // rows
    return tuple(symbols[start:start + rows * length].view(rows, length).t().contiguous() for start in (0, 1))


def detached(state):
    return tuple(part.detach() for part in state) if isinstance(state, tuple) else state.detach()

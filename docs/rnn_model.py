"""A model of rnn in PyTorch: reads and writes its file, computes its logits, encodes text as ids, and samples."""
import json
import math
import struct

import torch
from torch import nn


def read_safetensors(path):
    """Returns the tensors of a file by name, and its metadata."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = bytearray(file.read())
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        tensors[name] = torch.frombuffer(data[begin:end], dtype=torch.float32).reshape(entry["shape"])
    return tensors, metadata


def write_safetensors(path, tensors, metadata):
    """Writes tensors to a file. `rnn import` needs the metadata that you read with the model."""
    header, pieces, end = {"__metadata__": metadata}, [], 0
    for name, tensor in tensors.items():
        pieces.append(tensor.detach().cpu().float().contiguous().numpy().tobytes())
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [end, end + len(pieces[-1])]}
        end += len(pieces[-1])
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(pieces))


class CharacterModel(nn.Module):
    """Predicts the next token: embedding or one-hot input, recurrent layers, output layer."""

    def __init__(self, configuration):
        super().__init__()
        cell, layers, dropout = configuration["cell"], configuration["layers"], configuration["dropout"]
        symbols, hidden, width = configuration["vocabulary"], configuration["hidden"], configuration["embedding"]
        tied = configuration.get("tied", False)
        options = {"num_layers": layers, "dropout": dropout if layers > 1 else 0}
        self.symbols = symbols
        self.embedding = nn.Embedding(symbols, width) if width > 0 else None
        if cell == "lstm":
            self.rnn = nn.LSTM(width or symbols, hidden, **options)
        elif cell == "gru":
            self.rnn = nn.GRU(width or symbols, hidden, **options)
        else:
            self.rnn = nn.RNN(width or symbols, hidden, nonlinearity="tanh" if cell == "rnn" else "relu", **options)
        self.dropout = nn.Dropout(dropout)
        self.projection = nn.Linear(hidden, width, bias=False) if tied and width != hidden else nn.Identity()
        self.output = nn.Linear(width if tied else hidden, symbols)
        if tied:
            self.output.weight = self.embedding.weight

    def forward(self, ids, state=None):
        """Returns logits (T, N, V) and the next state for ids (T, N) and a state. Without a state it is zero."""
        if self.embedding is None:
            x = nn.functional.one_hot(ids, self.symbols).float()
        else:
            x = self.embedding(ids)
        h, state = self.rnn(x, state)
        return self.output(self.projection(self.dropout(h))), state


def load_model(path):
    """Returns the model in a file that `rnn export` wrote, and the metadata of the file."""
    tensors, metadata = read_safetensors(path)
    model = CharacterModel(json.loads(metadata["model"]))
    model.load_state_dict(tensors)
    return model, metadata


def encode(data, vocabulary):
    """Returns the ids of a text in bytes. Characters are code points. CRLF and CR become LF unless the model has CR."""
    if vocabulary["unit"] == "byte":
        return torch.tensor(list(data))
    ids = {symbol: number for number, symbol in enumerate(vocabulary["symbols"])}
    text = data.decode("utf-8-sig")
    if "\r" not in ids:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    strange = set(text) - ids.keys()
    if strange and vocabulary["unknown"] is None:
        raise ValueError(f"the model has never seen {sorted(strange)}: train on text that has them, or with --min-count 2")
    return torch.tensor([ids.get(character, vocabulary["unknown"]) for character in text])

@torch.no_grad()
def sample(model, vocabulary, prompt="", length=500, temperature=1.0):
    """Returns up to `length` tokens that continue a prompt. A model of records starts and stops at its end token."""
    symbols, end, is_bytes = vocabulary["symbols"], vocabulary.get("end"), vocabulary["unit"] == "byte"
    starts = [symbols[end]] if end is not None else ["0a"] if is_bytes else ["\n", " "]
    start = next((symbols.index(each) for each in starts if each in symbols), 0)
    ids = torch.cat([torch.tensor([start]), encode(prompt.encode(), vocabulary).long()])
    state, written = None, []
    while len(written) < length:
        logits, state = model(ids.reshape(-1, 1), state)
        scores = logits[-1, 0]
        is_first = prompt == "" and not written  # no record is empty
        for never in (vocabulary["unknown"], end if is_first else None):
            if never is not None:
                scores[never] = -math.inf
        ids = scores.argmax() if temperature == 0 else torch.multinomial((scores / temperature).softmax(0), 1)
        if ids.item() == end:
            break
        written.append(symbols[ids.item()])
    text = "".join(written)
    return bytes.fromhex(text).decode("utf-8", "replace") if is_bytes else text

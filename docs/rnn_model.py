"""A model of rnn in PyTorch: reads and writes its file, computes its logits, encodes text as ids, and samples."""
import json
import math
import struct
from types import SimpleNamespace

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


# The cells: one time step each. x is the projected input x·Wx + b (N, blocks·H), the states are (N, H), and w has the
# other weights by their names in a checkpoint. A cell returns its next states. The first is its output.
def rnn(x, h, w):
    return (torch.addmm(x, h, w.Wh).tanh(),)


def rnn_relu(x, h, w):
    return (torch.addmm(x, h, w.Wh).relu(),)


def lstm_gates(z, c, visible=lambda c: c):
    i, f, g, o = z.chunk(4, 1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * visible(c).tanh(), c


def lstm(x, h, c, w):
    return lstm_gates(torch.addmm(x, h, w.Wh), c)


def normalise(x, gain):
    return nn.functional.layer_norm(x, x.shape[-1:]) * gain


def lstm_layer_norm(x, h, c, w):
    return lstm_gates(x + normalise(h @ w.Wh, w.gh), c, lambda c: normalise(c, w.gc) + w.bc)


def lstm_peephole(x, h, c, w):
    i, f, g, o = torch.addmm(x, h, w.Wh).chunk(4, 1)
    next_c = (f + w.pf * c).sigmoid() * c + (i + w.pi * c).sigmoid() * g.tanh()
    return (o + w.po * next_c).sigmoid() * next_c.tanh(), next_c


def lstm_1997(x, h, c, w):
    i, g, o = torch.addmm(x, h, w.Wh).chunk(3, 1)
    c = c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


def lstm_coupled(x, h, c, w):
    f, g, o = torch.addmm(x, h, w.Wh).chunk(3, 1)
    c = g.tanh().lerp(c, f.sigmoid())
    return o.sigmoid() * c.tanh(), c


def mlstm(x, h, c, w):
    xm, xz = x.split([h.shape[1], 4 * h.shape[1]], 1)
    return lstm_gates(torch.addmm(xz, xm * (h @ w.Wm), w.Wh), c)


# In a GRU, z = 1 keeps the old state. In the three cells of Jozefowicz et al., it takes the new state.
def gru(x, h, w):
    (xr, xz, xn), (hr, hz, hn) = x.chunk(3, 1), (h @ w.Wh).chunk(3, 1)
    n = (xn + (xr + hr).sigmoid() * (hn + w.bh)).tanh()
    return (n.lerp(h, (xz + hz).sigmoid()),)


def gru_cho(x, h, w):
    xrz, xn = x.split([2 * h.shape[1], h.shape[1]], 1)
    r, z = torch.addmm(xrz, h, w.Wh).sigmoid().chunk(2, 1)
    return (torch.addmm(xn, r * h, w.Wn).tanh().lerp(h, z),)


def mut1(x, h, w):
    z, xr, xn = x.chunk(3, 1)
    r = torch.addmm(xr, h, w.Wr).sigmoid()
    n = (xn.tanh() + (r * h) @ w.Wh + w.bh).tanh()
    return (h.lerp(n, z.sigmoid()),)


def mut2(x, h, w, seen=lambda h: h):
    xz, xr, xn = x.chunk(3, 1)
    z, r = torch.addmm(xz, seen(h), w.Wz).sigmoid(), torch.addmm(xr, h, w.Wr).sigmoid()
    return (h.lerp(torch.addmm(xn, r * h, w.Wh).tanh(), z),)


def mut3(x, h, w):
    return mut2(x, h, w, torch.tanh)


# The step of each cell, and the names of its states.
CELLS = {
    "rnn": (rnn, "h"),
    "rnn-relu": (rnn_relu, "h"),
    "irnn": (rnn_relu, "h"),
    "lstm": (lstm, "hc"),
    "lstm-peephole": (lstm_peephole, "hc"),
    "lstm-1997": (lstm_1997, "hc"),
    "lstm-coupled": (lstm_coupled, "hc"),
    "mlstm": (mlstm, "hc"),
    "gru": (gru, "h"),
    "gru-cho": (gru_cho, "h"),
    "mut1": (mut1, "h"),
    "mut2": (mut2, "h"),
    "mut3": (mut3, "h"),
}


def module_of_pytorch(configuration, inputs, layers):
    """Returns nn.LSTM, nn.GRU or nn.RNN. They zero inputs between their layers in training."""
    cell, hidden = configuration["cell"], configuration["hidden"]
    options = {"num_layers": layers, "dropout": configuration["dropout"] if layers > 1 else 0}
    if cell in ("lstm", "gru"):
        return (nn.LSTM if cell == "lstm" else nn.GRU)(inputs, hidden, **options)
    return nn.RNN(inputs, hidden, nonlinearity="tanh" if cell == "rnn" else "relu", **options)


class Layer(nn.Module):
    """A cell through time, in a module of PyTorch if the file has its weights, and the parts around the cell."""

    def __init__(self, configuration, weights):
        super().__init__()
        self.step, self.states = CELLS[configuration["cell"]]
        if configuration.get("layerNorm"):
            self.step = lstm_layer_norm
        self.is_residual = configuration.get("stacking") == "residual"
        self.dropout = nn.Dropout(configuration["dropout"])
        self.rnn = None
        if "rnn.weight_ih_l0" in weights:
            self.rnn = module_of_pytorch(configuration, weights["rnn.weight_ih_l0"].shape[1], 1)
        for name, tensor in weights.items():
            if not name.startswith("rnn."):
                self.register_parameter(name, nn.Parameter(torch.empty_like(tensor)))

    def forward(self, below, source, state, is_start):
        """Returns the output (T, N, H) and the next state for the layer below, the input of the model and a state."""
        states, past = state[: len(self.states)], state[len(self.states) :]
        if hasattr(self, "h0"):
            # Added 0 times later, because DistributedDataParallel expects that every weight is used.
            states = [part + is_start * getattr(self, f"{name}0") for part, name in zip(states, self.states)]
        if self.rnn is None:
            y, states, past = self.loop(below, source, states, past)
        else:
            x = below if self.rnn.input_size == below.shape[2] else torch.cat([below, source], 2)
            before = [part[None] for part in states]
            y, after = self.rnn(x, tuple(before) if len(before) > 1 else before[0])
            states = [part[0] for part in (after if len(before) > 1 else (after,))]
        y = self.dropout(y)
        if hasattr(self, "Wt"):
            y = below.lerp(y, (below @ self.Wt + self.bt).sigmoid())
        elif self.is_residual and below is not source:
            y = below + y
        return y, [*states, *past]

    def loop(self, below, source, states, past):
        """Steps the cell. The past is the outputs before h that a skip through time reads, the newest first."""
        w = SimpleNamespace(**dict(self.named_parameters()))
        x = below @ w.Wx
        if hasattr(w, "Ws"):
            x = x + source @ w.Ws
        x = (normalise(x, w.gx) if hasattr(w, "gx") else x) + w.b
        outputs = [*reversed(past), states[0]]
        for t, step_x in enumerate(x.unbind()):
            if hasattr(w, "Wk"):
                step_x = torch.addmm(step_x, outputs[t], w.Wk)
            states = self.step(step_x, *states, w)
            outputs.append(states[0])
        return torch.stack(outputs[-len(x) :]), states, [outputs[-2 - back] for back in range(len(past))]


class Layers(nn.Module):
    """Recurrent layers of any cell, called as nn.LSTM. The state is a tuple of tensors (L, N, H): h, c if the cell has
    it, and with a skip through time of k steps the outputs of 1 to k - 1 steps before h."""

    def __init__(self, configuration, tensors):
        super().__init__()
        self.hidden = configuration["hidden"]
        self.reads_all = configuration.get("skip") in ("output", "both")
        self.parts = len(CELLS[configuration["cell"]][1]) + max(0, configuration.get("timeSkip", 0) - 1)
        for number in range(configuration["layers"]):
            start = f"rnn.layer{number}."
            weights = {name[len(start) :]: tensor for name, tensor in tensors.items() if name.startswith(start)}
            self.add_module(f"layer{number}", Layer(configuration, weights))

    def forward(self, source, state=None):
        """Returns the last output (T, N, H), or all from the last to the first (T, N, L·H), and the next state."""
        layers, is_start = list(self.children()), state is None
        if is_start:
            state = [source.new_zeros(len(layers), source.shape[1], self.hidden)] * self.parts
        outputs, following = [source], []
        for number, layer in enumerate(layers):
            y, after = layer(outputs[-1], source, [part[number] for part in state], is_start)
            outputs.append(y)
            following.append(after)
        read = torch.cat(outputs[:0:-1], 2) if self.reads_all else outputs[-1]
        return read, tuple(torch.stack(parts) for parts in zip(*following))


class CharacterModel(nn.Module):
    """Predicts the next token: embedding or one-hot input, recurrent layers, output layer."""

    def __init__(self, configuration, tensors):
        super().__init__()
        symbols, hidden, width = configuration["vocabulary"], configuration["hidden"], configuration["embedding"]
        tied = configuration.get("tied", False)
        self.symbols = symbols
        self.embedding = nn.Embedding(symbols, width) if width > 0 else None
        if "rnn.weight_ih_l0" in tensors:
            self.rnn = module_of_pytorch(configuration, width or symbols, configuration["layers"])
            self.dropout = nn.Dropout(configuration["dropout"])
        else:
            self.rnn = Layers(configuration, tensors)
            self.dropout = nn.Identity()  # the last layer has it
        read = configuration["layers"] if configuration.get("skip") in ("output", "both") else 1
        is_projected = tied and (read > 1 or width != hidden)
        self.projection = nn.Linear(read * hidden, width, bias=False) if is_projected else nn.Identity()
        self.output = nn.Linear(width if tied else read * hidden, symbols)
        if tied:
            self.output.weight = self.embedding.weight

    def forward(self, ids, state=None):
        """Returns logits (T, N, V) and the next state for ids (T, N) and a state. Without a state the text starts."""
        if self.embedding is None:
            x = nn.functional.one_hot(ids, self.symbols).to(self.output.weight.dtype)
        else:
            x = self.embedding(ids)
        h, state = self.rnn(x, state)
        return self.output(self.projection(self.dropout(h))), state


def load_model(path):
    """Returns the model in a file that `rnn export` wrote, and the metadata of the file."""
    tensors, metadata = read_safetensors(path)
    model = CharacterModel(json.loads(metadata["model"]), tensors)
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

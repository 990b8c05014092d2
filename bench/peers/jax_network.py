"""The same network, task and update in JAX: how fast does it train and sample on this machine?

    jax_network.py CORPUS --cell lstm --hidden 128 --layers 2 --batch 50 --seq 50 --seconds 4
    jax_network.py CORPUS --hidden 128 --layers 2 --sample 5000

A layer multiplies the inputs of all time steps at once, and lax.scan repeats the cell. A step of training, with clipping by the global
norm and Adam, is one function under jit, and so is sampling 100 characters. Without an embedding, the first layer looks up rows of its
weights, as rnn does: this network has the same parameters, and one bias. Prints one line of JSON. Compilation is not counted.
"""
import functools
import json
import os
import time

from peer_speed import measure_training, network_parser, read_ids

SAMPLED_AT_ONCE = 100
LEARNING_RATE = 2e-3
CLIP_NORM = 5
GATES = {'lstm': 4, 'gru': 3, 'rnn': 1}

parser = network_parser()
parser.add_argument('--threads', type=int, default=2, help='cores that this process may use')
options = parser.parse_args()
# XLA has as many threads as the process has cores.
if hasattr(os, 'sched_setaffinity'):
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:options.threads])
os.environ['JAX_PLATFORMS'] = 'cpu'
import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
from jax import lax  # noqa: E402


def initial(key, symbols):
    """Returns the parameters, uniform in ±1/√H as in PyTorch."""
    hidden, gates = options.hidden, GATES[options.cell]
    keys = iter(jax.random.split(key, 3 + 3 * options.layers))

    def uniform(*shape):
        return jax.random.uniform(next(keys), shape, minval=-hidden ** -0.5, maxval=hidden ** -0.5)

    width = options.embedding or symbols
    layers = [
        dict(wx=uniform(hidden if layer else width, gates * hidden), wh=uniform(hidden, gates * hidden), b=uniform(gates * hidden))
        for layer in range(options.layers)
    ]
    embedding = uniform(symbols, options.embedding) if options.embedding else jnp.zeros((0, 0))
    return dict(embedding=embedding, layers=layers, head=dict(w=uniform(hidden, symbols), b=uniform(symbols)))


def cell_step(wh, state, x):
    """A time step of a cell. x is the product of the input and Wx, with the bias. Gates are i f g o, or r z n with r after the product."""
    if options.cell == 'lstm':
        h, c = state
        i, f, g, o = jnp.split(x + h @ wh, 4, axis=-1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h
    (h,) = state
    if options.cell == 'rnn':
        h = jnp.tanh(x + h @ wh)
        return (h,), h
    (xr, xz, xn), (hr, hz, hn) = jnp.split(x, 3, axis=-1), jnp.split(h @ wh, 3, axis=-1)
    z = jax.nn.sigmoid(xz + hz)
    h = (1 - z) * jnp.tanh(xn + jax.nn.sigmoid(xr + hr) * hn) + z * h
    return (h,), h


def forward(parameters, ids, states):
    """Returns logits (T, N, V) and the states after ids (T, N)."""
    outputs, after = parameters['embedding'][ids] if options.embedding else None, []
    for layer, state in zip(parameters['layers'], states):
        x = (layer['wx'][ids] if outputs is None else outputs @ layer['wx']) + layer['b']
        state, outputs = lax.scan(functools.partial(cell_step, layer['wh']), state, x)
        after.append(state)
    return outputs @ parameters['head']['w'] + parameters['head']['b'], after


def zero_states(rows):
    count = 2 if options.cell == 'lstm' else 1
    return [tuple(jnp.zeros((rows, options.hidden)) for _ in range(count)) for _ in range(options.layers)]


@functools.partial(jax.jit, donate_argnums=(0, 1))
def train_step(parameters, adam, states, ids, targets):
    def loss_of(parameters):
        logits, after = forward(parameters, ids, states)
        chosen = jnp.take_along_axis(jax.nn.log_softmax(logits), targets[..., None], axis=-1)
        return -chosen.mean(), after

    (loss, states), gradients = jax.value_and_grad(loss_of, has_aux=True)(parameters)
    norm = jnp.sqrt(sum(jnp.sum(each ** 2) for each in jax.tree.leaves(gradients)))
    gradients = jax.tree.map(lambda g: g * jnp.minimum(1, CLIP_NORM / (norm + 1e-6)), gradients)
    step = adam['step'] + 1
    mean = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, adam['mean'], gradients)
    square = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g ** 2, adam['square'], gradients)
    rate, scale = LEARNING_RATE / (1 - 0.9 ** step), 1 / (1 - 0.999 ** step)
    parameters = jax.tree.map(lambda w, m, v: w - rate * m / (jnp.sqrt(scale * v) + 1e-8), parameters, mean, square)
    return parameters, dict(step=step, mean=mean, square=square), states, loss


@jax.jit
def sample_some(parameters, states, symbol, key):
    def draw(carry, key):
        symbol, states = carry
        logits, states = forward(parameters, symbol[None], states)
        symbol = jax.random.categorical(key, logits[0])
        return (symbol, states), symbol

    return lax.scan(draw, (symbol, states), jax.random.split(key, SAMPLED_AT_ONCE))[0]


def training_steps(parameters, ids):
    """Trains one update step for each loss that is taken."""
    length = (len(ids) - 1) // options.batch
    # Time first, as batch rows that are spread over the text.
    inputs, targets = (
        jnp.asarray(ids[start:start + options.batch * length].reshape(options.batch, length).T) for start in (0, 1)
    )
    zeros = jax.tree.map(jnp.zeros_like, parameters)
    adam = dict(step=0, mean=zeros, square=jax.tree.map(jnp.zeros_like, parameters))
    while True:
        states = zero_states(options.batch)
        for at in range(0, length - options.seq + 1, options.seq):
            window = (each[at:at + options.seq] for each in (inputs, targets))
            parameters, adam, states, loss = train_step(parameters, adam, states, *window)
            yield loss


def sample(parameters):
    carry, calls = (jnp.zeros(1, dtype=jnp.int32), zero_states(1)), -(-options.sample // SAMPLED_AT_ONCE)
    keys = jax.random.split(jax.random.PRNGKey(1), calls + 1)
    for index, key in enumerate(keys):
        symbol, states = carry
        carry = sample_some(parameters, states, symbol, key)
        jax.block_until_ready(carry)
        if index == 0:  # compiles
            started = time.perf_counter()
    seconds = time.perf_counter() - started
    return dict(charactersPerSecond=calls * SAMPLED_AT_ONCE / seconds, seconds=seconds)


def main():
    ids, symbols = read_ids(options.corpus)
    parameters = initial(jax.random.PRNGKey(1), symbols)
    if options.sample:
        result = dict(measure='sample', **sample(parameters))
    else:
        losses = training_steps(parameters, np.array(ids, dtype=np.int32))
        result = dict(measure='train', **measure_training(losses, options, lambda loss: loss.block_until_ready()))
    names = ('cell', 'hidden', 'layers', 'batch', 'seq', 'embedding', 'threads')
    setting = {name: getattr(options, name) for name in names}
    about = dict(peer='JAX', version=jax.__version__, blas=f'XLA of jaxlib {jax.lib.__version__}', symbols=symbols)
    print(json.dumps(dict(**about, **setting, **result)))


main()

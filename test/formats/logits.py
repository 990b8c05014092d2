"""For pytorch.test.ts: logits of exported models before and after a change of all weights, by the steps of docs/pytorch.md."""
import json
import os
import sys

import torch

from rnn_model import encode, load_model, write_safetensors

folder = sys.argv[1]
with open(f"{folder}/cases.json") as file:
    cases = json.load(file)
ids = torch.tensor(cases["ids"]).reshape(-1, 1)
torch.manual_seed(1)


def logits_of(model):
    """Returns logits and the last state, read in chunks that begin with the state of the chunk before."""
    state, logits = None, []
    for chunk in ids.split([1, 2, 60, len(ids) - 63]):
        chunk_logits, state = model(chunk, state)
        logits.append(chunk_logits)
    return torch.cat(logits), state


for name in cases["names"]:
    model, metadata = load_model(f"{folder}/{name}.safetensors")
    model.eval()
    with torch.no_grad():
        logits_of(model)[0].numpy().tofile(f"{folder}/{name}.exported")
        write_safetensors(f"{folder}/{name}.same.safetensors", model.state_dict(), metadata)
        # As training would: every weight, and both biases of each layer.
        for weight in model.parameters():
            weight += 0.05 * torch.randn_like(weight)
        write_safetensors(f"{folder}/{name}.changed.safetensors", model.state_dict(), metadata)
        logits, state = logits_of(model.double())
        logits.float().numpy().tofile(f"{folder}/{name}.changed")
        parts = state if isinstance(state, tuple) else (state,)
        cell_states = parts[: 2 if "lstm" in name else 1]  # without the outputs that a skip through time reads
        torch.stack(cell_states).float().numpy().tofile(f"{folder}/{name}.state")
os.chdir(folder)
page = {}
exec(cases["page"], page)
try:
    encode("IS#a0".encode(), page["vocabulary"])
    refusal = "none"
except ValueError as error:
    refusal = str(error)
with open("page.json", "w") as file:
    json.dump({"shape": list(page["logits"].shape), "refusal": refusal}, file)

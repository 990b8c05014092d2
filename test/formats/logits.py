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
for name in cases["names"]:
    model, metadata = load_model(f"{folder}/{name}.safetensors")
    model.eval()
    with torch.no_grad():
        model(ids)[0].numpy().tofile(f"{folder}/{name}.exported")
        write_safetensors(f"{folder}/{name}.same.safetensors", model.state_dict(), metadata)
        # As training would: every weight, and both biases of each layer.
        for weight in model.parameters():
            weight += 0.05 * torch.randn_like(weight)
        model(ids)[0].numpy().tofile(f"{folder}/{name}.changed")
        write_safetensors(f"{folder}/{name}.changed.safetensors", model.state_dict(), metadata)
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

"""Writes a random Qwen3 of 36 layers, as many as Qwen3-4B and 8B have, and 40 MB into a folder.

Compiling takes as long as the graph is deep, however small its weights are. Run by the engine's own
interpreter: ``python deep_qwen3.py FOLDER [LAYERS]``.
"""
# What it imports is in the engine's venv, not in the project's.
# pyright: basic, reportMissingImports=false

import sys

import torch
from tiny_llama import CHAT
from tiny_tokenizer import write_tokenizer
from transformers import Qwen3Config, Qwen3ForCausalLM

SPECIAL = {"bos": 0, "eos": 1, "pad": 2}
CONFIG = {
    "vocab_size": 512,
    "hidden_size": 256,
    "intermediate_size": 512,
    "num_hidden_layers": 36,
    "num_attention_heads": 8,
    "num_key_value_heads": 2,
    "head_dim": 32,
    "max_position_embeddings": 8192,
    "tie_word_embeddings": True,
    **{f"{token}_token_id": number for token, number in SPECIAL.items()},
}


def main() -> None:
    """Nothing is trained, so the same files come out every time."""
    folder, *layers = sys.argv[1:]
    torch.manual_seed(0)
    config = CONFIG | {"num_hidden_layers": int(*layers)} if layers else CONFIG
    Qwen3ForCausalLM(Qwen3Config(**config)).to(torch.bfloat16).save_pretrained(folder)
    write_tokenizer(folder, CONFIG["vocab_size"], SPECIAL, CHAT)


if __name__ == "__main__":
    main()

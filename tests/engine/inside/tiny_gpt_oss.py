"""Writes a random gpt-oss of 50 MB, nearly all of it embeddings, and a tokenizer into a folder.

Run by the engine's own interpreter: ``python tiny_gpt_oss.py FOLDER``.
"""
# What it imports is in the engine's venv, not in the project's.
# pyright: basic, reportMissingImports=false

import sys

import torch
from tiny_tokenizer import write_tokenizer
from transformers import GptOssConfig, GptOssForCausalLM

# The vocabulary and the ids are gpt-oss's own: the engine renders chats with its own vocabulary, not
# with the tokenizer. The context is that of the largest prod replica.
CONFIG = {
    "vocab_size": 201088,
    "hidden_size": 64,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 32,
    "num_local_experts": 4,
    "num_experts_per_tok": 2,
    "max_position_embeddings": 131072,
    "bos_token_id": 199998,
    "eos_token_id": 200002,
    "pad_token_id": 199999,
}


def main() -> None:
    """No chat template: gpt-oss is asked without one."""
    (folder,) = sys.argv[1:]
    torch.manual_seed(0)
    GptOssForCausalLM(GptOssConfig(**CONFIG)).to(torch.bfloat16).save_pretrained(folder)
    special = {token: CONFIG[f"{token}_token_id"] for token in ("bos", "eos", "pad")}
    write_tokenizer(folder, CONFIG["vocab_size"], special, chat=None)


if __name__ == "__main__":
    main()

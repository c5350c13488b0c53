"""Writes a random Llama of 0.3 MB, its tokenizer and a LoRA adapter into a folder.

Run by the engine's own interpreter: ``python tiny_llama.py FOLDER``.
"""
# What it imports is in the engine's venv, not in the project's.
# pyright: basic, reportMissingImports=false

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from tiny_tokenizer import write_tokenizer
from transformers import LlamaConfig, LlamaForCausalLM

# Long enough for every context length of a test; KV: 2 layers x 1 head x 32 x 2 x 2 bytes a token.
CONFIG = {
    "vocab_size": 512,
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "max_position_embeddings": 8192,
    "bos_token_id": 0,
    "eos_token_id": 1,
    "pad_token_id": 2,
    "tie_word_embeddings": True,
}
RANK = 8
CHAT = (
    "{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant: {% endif %}"
)


def main() -> None:
    """Bytes are the tokens: nothing is trained, so the same files come out every time."""
    (folder,) = sys.argv[1:]
    torch.manual_seed(0)
    LlamaForCausalLM(LlamaConfig(**CONFIG)).to(torch.bfloat16).save_pretrained(folder)
    special = {token: CONFIG[f"{token}_token_id"] for token in ("bos", "eos", "pad")}
    write_tokenizer(folder, CONFIG["vocab_size"], special, CHAT)
    _write_adapter(Path(folder) / "adapter")


def _write_adapter(folder: Path) -> None:
    """As PEFT writes one; on what every layer adds last, so that it changes what is said."""
    sides = {
        "lora_A": (RANK, CONFIG["intermediate_size"]),
        "lora_B": (CONFIG["hidden_size"], RANK),
    }
    folder.mkdir()
    save_file(
        {
            f"base_model.model.model.layers.{layer}.mlp.down_proj.{side}.weight": torch.randn(
                shape, dtype=torch.bfloat16
            )
            for layer in range(CONFIG["num_hidden_layers"])
            for side, shape in sides.items()
        },
        folder / "adapter_model.safetensors",
    )
    config = {
        "peft_type": "LORA",
        "r": RANK,
        "lora_alpha": 100 * RANK,
        "target_modules": ["down_proj"],
    }
    (folder / "adapter_config.json").write_text(json.dumps(config), encoding="utf-8")


if __name__ == "__main__":
    main()

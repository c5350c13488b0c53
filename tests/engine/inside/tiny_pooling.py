"""Writes three random models that answer with numbers into a folder: embed, rerank and classify.

Run by the engine's own interpreter: ``python tiny_pooling.py FOLDER``.
"""
# What it imports is in the engine's venv, not in the project's.
# pyright: basic, reportMissingImports=false

import json
import sys
from pathlib import Path

import torch
from tiny_tokenizer import write_tokenizer
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    Qwen3Config,
    Qwen3ForCausalLM,
    XLMRobertaConfig,
    XLMRobertaForSequenceClassification,
)

# As in the published models: XLM-R's positions begin behind that of its padding.
SPECIAL = {"bos": 0, "pad": 1, "eos": 2, "cls": 3, "sep": 4}
ENCODER = {
    "vocab_size": 512,
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "pad_token_id": SPECIAL["pad"],
}
MODULES = [
    {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
    {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
]


def main() -> None:
    """Nothing is trained, so the same files come out every time."""
    folder = Path(sys.argv[1])
    torch.manual_seed(0)
    decoder = Qwen3Config(
        vocab_size=512,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=32,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
    )
    one = XLMRobertaConfig(
        **ENCODER, max_position_embeddings=1026, type_vocab_size=1, id2label={0: "LABEL_0"}
    )
    three = BertConfig(**ENCODER, max_position_embeddings=1024, num_labels=3)
    for name, model in {
        "embed": Qwen3ForCausalLM(decoder),
        "rerank": XLMRobertaForSequenceClassification(one),
        "classify": BertForSequenceClassification(three),
    }.items():
        model.to(torch.bfloat16).save_pretrained(folder / name)
        write_tokenizer(str(folder / name), ENCODER["vocab_size"], SPECIAL, chat=None)
    pooling = {"word_embedding_dimension": 64, "pooling_mode_lasttoken": True}
    for path, content in {"modules.json": MODULES, "1_Pooling/config.json": pooling}.items():
        file = folder / "embed" / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(content), encoding="utf-8")


if __name__ == "__main__":
    main()

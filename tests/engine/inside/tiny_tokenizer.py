"""A tokenizer whose tokens are bytes, for models of any vocabulary."""
# What it imports is in the engine's venv, not in the project's.
# pyright: basic, reportMissingImports=false

from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast


def write_tokenizer(folder: str, size: int, special: dict[str, int], chat: str | None) -> None:
    """Write ``size`` tokens; ``special`` are the ids of those that begin, end and pad texts."""
    names = {number: f"<{token}>" for token, number in special.items()}
    free = (number for number in range(size) if number not in names)
    vocabulary = {name: number for number, name in names.items()}
    vocabulary |= dict(zip(sorted(pre_tokenizers.ByteLevel.alphabet()), free, strict=False))
    # Whatever a random model says has to be text.
    vocabulary |= {f"<{number}>": number for number in free}
    tokenizer = Tokenizer(models.BPE(vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        chat_template=chat,
        **{f"{token}_token": f"<{token}>" for token in special},
    ).save_pretrained(folder)

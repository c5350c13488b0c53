"""Towers that hear: convolutions over a spectrum, and a transformer after them."""

from tokenfleet.catalogue.architecture.keys import Keys
from tokenfleet.catalogue.architecture.towers.encoder import two_matrices


def qwen2_audio(audio: Keys, text: Keys) -> int:
    """Qwen2-Audio: Whisper's encoder, and one matrix to the model's width."""
    width, out = audio.size("d_model"), text.size("hidden_size")
    positions = audio.size("max_source_positions") * width
    return _whisper(audio) + positions + (width + 1) * out


def qwen2_5_omni(audio: Keys, text: Keys) -> int:
    """Qwen2.5-Omni: the same without positions, with two vectors that begin and end a sound."""
    out = audio.size("output_dim", default=text.size("hidden_size"))
    return _whisper(audio) + (audio.size("d_model") + 1) * out + 2 * out


def qwen3_omni(audio: Keys, text: Keys) -> int:
    """Qwen3-Omni and Qwen3-ASR: three convolutions over both axes, each halving them."""
    width, wide = audio.size("d_model"), audio.size("downsample_hidden_size")
    out = audio.size("output_dim", default=text.size("hidden_size"))
    bands = -(-audio.size("num_mel_bins") // 8)
    heard = 10 * wide + 2 * (9 * wide * wide + wide) + width * wide * bands
    return heard + _layers(audio, biases=4) + 2 * width + two_matrices(width, width, out)


def _whisper(audio: Keys) -> int:
    width = audio.size("d_model")
    heard = 3 * width * (audio.size("num_mel_bins") + width) + 2 * width
    # Keys have no bias.
    return heard + _layers(audio, biases=3) + 2 * width


def _layers(audio: Keys, *, biases: int) -> int:
    width, inner = audio.size("d_model"), audio.size("encoder_ffn_dim")
    attention = width * (4 * width + biases)
    forward = two_matrices(width, inner, width)
    return audio.size("encoder_layers") * (attention + forward + 4 * width)

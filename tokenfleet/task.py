"""What a model is asked to do, in the words of the stack file."""

from typing import Literal

Task = Literal["generate", "embed", "rerank", "classify"]
"""``rerank`` gives one score to a query and a document, ``classify`` one to each label of a text.
All but ``generate`` read a prompt and answer with numbers at its end."""

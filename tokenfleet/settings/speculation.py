"""The part of the order form about drafting: tokens guessed ahead, which the model then verifies."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from tokenfleet.settings.forms import HuggingFaceId, Revision
from tokenfleet.settings.section import Section

SpeculativeMethod = Literal["ngram", "suffix", "mtp", "eagle", "eagle3", "draft_model"]
_WITH_A_DRAFT = ("eagle", "eagle3", "draft_model")


class DraftSettings(Section):
    """The model that drafts, at one revision, published like the model itself."""

    hugging_face_id: HuggingFaceId
    """Id on the Hugging Face Hub."""
    revision: Revision
    """Commit of that repository."""
    config_json: str | None = None
    """Path of its config.json, for one that the catalogue does not list."""


class SpeculativeSettings(Section):
    """Speculative decoding, in vLLM's words."""

    method: SpeculativeMethod
    """Who drafts: the text so far (`ngram`, `suffix`), layers of the model itself (`mtp`), or `draft`."""
    tokens: Annotated[int, Field(ge=1, le=32)] = 3
    """Tokens drafted for each step."""
    accepted_share: Annotated[float, Field(ge=0, le=1)] | None = None
    """Share of the drafted tokens that the model accepts, as vLLM logs it (Avg Draft acceptance rate); a range by method unless given."""
    draft: DraftSettings | None = None
    """The model that drafts, of `eagle`, `eagle3` and `draft_model`."""

    @model_validator(mode="after")
    def _a_draft_where_the_method_has_one(self) -> "SpeculativeSettings":
        wants = self.method in _WITH_A_DRAFT
        if wants and self.draft is None:
            msg = f"method {self.method} needs a model that drafts: give it as draft"
            raise ValueError(msg)
        if not wants and self.draft is not None:
            msg = (
                f"method {self.method} has no use for a draft: leave it out, or use"
                f" {' or '.join(_WITH_A_DRAFT)}"
            )
            raise ValueError(msg)
        return self

"""Every version that a stack may ask for has an end of support with a source."""

from typing import get_args

from tests.today import TODAY
from tokenfleet.catalogue.pulled.kubernetes import kubernetes_releases
from tokenfleet.settings.sections import KubernetesVersion


def test_every_version_that_may_be_asked_for_has_an_end_of_support() -> None:
    assert set(kubernetes_releases()) == set(get_args(KubernetesVersion))


def test_no_version_is_offered_whose_support_has_ended() -> None:
    for release in kubernetes_releases().values():
        assert release.standard_support_ends > TODAY >= release.source.date

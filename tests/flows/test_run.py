"""`eightytwenty run`: the adders and the GAN, one after the other."""

import pytest

from tests.flows.conftest import QUICK


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """One folder for all, so that the adders of the second run are found done."""
    return tmp_path_factory.mktemp("everything") / "data"


def test_all_of_it_ends_with_both_results(command, data):
    done = command(data, "run", *QUICK, "--pictures", "150", "--gan-epochs", "1")
    assert done.returncode == 0, done.stderr
    adders, _, gan = done.stdout.partition("avatars-32")
    for words, part in (("sums to", adders), ("eighty_twenty.md", adders), ("coverage", gan), ("samples.png", gan)):
        assert words in part
    assert done.stdout.count("80/20. Cleaning took") == 2
    folders = list((data / "reports").iterdir())
    assert sorted((folder / "samples.png").exists() for folder in folders) == [False, True]
    assert "Traceback" not in done.stderr


@pytest.mark.soak
def test_where_the_gan_fails_the_results_of_the_adders_are_shown(command, data):
    done = command(data, "run", *QUICK, "--pictures", "150", "--dirt", "0.55")
    assert done.returncode == 2
    assert "pictures are too few to train on" in done.stderr.splitlines()[-1]
    assert "sums to" in done.stdout
    assert "eighty_twenty.md" in done.stdout
    assert "Traceback" not in done.stderr

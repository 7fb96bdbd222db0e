"""What a link holds, and which faces it means."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.faces.random import STYLE, noise, value
from models.faces.state import FACES, Locked, State, inputs_of
from tests.models.faces.generators import small_model

SHAPE = (3, 100)
WORD = st.integers(0, 2**32 - 1)
TURNS, VARIETIES = st.integers(0, 359), st.integers(0, 150)
CODES = [st.integers(0, count - 1) for count in SHAPE]
LOCKED = st.dictionaries(
    st.integers(0, FACES - 1), st.tuples(WORD, WORD, st.tuples(*CODES), TURNS, VARIETIES), max_size=FACES
).map(lambda places: tuple(Locked(place, *recipe) for place, recipe in places.items()))
STATES = st.builds(
    State,
    seed=WORD,
    features=st.tuples(*(st.none() | code for code in CODES)),
    feature_seeds=st.tuples(*(st.none() | WORD for _ in CODES)),
    turn=TURNS,
    variety=VARIETIES,
    locked=LOCKED,
    picked=st.integers(0, FACES - 1),
)
NONE = (None, None)


@given(state=STATES)
def test_a_link_comes_back_as_it_was(state: State) -> None:
    model = small_model(SHAPE)
    link = state.link(model)
    for address in (link, link[1:], f"file:///home/me/faces.html{link}", link.replace(":", "%3A")):
        assert State.of_link(address, model) == (state, [])


@pytest.mark.parametrize(
    ("state", "link"),
    [
        (State(features=NONE, feature_seeds=NONE), "s=0"),
        (State(seed=7, features=(None, 12), turn=90), "s=7&f=-.12&t=90"),
        (
            State(1, (2, None), (None, 5), 359, 0, (Locked(3, 17, 5, (2, 99), 30), Locked(0, 1, 15, (0, 0), 0, 7)), 15),
            "s=1&f=2.-&l=-.5&t=359&v=0&k=3:17:5:2-99:30:100.0:1:15:0-0:0:7&p=15",
        ),
    ],
)
def test_a_link_is_short(state: State, link: str) -> None:
    model = small_model(SHAPE)
    assert state.link(model) == f"#m={model.digest}&{link}"


@pytest.mark.parametrize(
    ("link", "state", "remarks"),
    [
        ("", State(), 0),
        ("#", State(), 0),
        ("#x=1&s=5&&=&s=6", State(seed=5), 0),
        ("#s=4294967296", State(), 1),
        ("#s=-1&t=360&v=151&p=16", State(), 4),
        ("#s=1e3&t=&v=%00&p=٣", State(), 4),
        ("#f=1", State(features=(1, None)), 1),
        ("#f=3.4", State(features=(None, 4)), 1),
        ("#f=1.2.0", State(features=(1, 2)), 1),
        ("#f=", State(), 1),
        ("#k=", State(), 0),
        ("#k=1:2:3:0-1:0:0.1:4:5:0-1:0:0.16:0:0:0-1:0:0", State(locked=(Locked(1, 2, 3, (0, 1), 0, 0),)), 1),
        ("#k=1:2:3.2:2:3:3-1:0:0.3:2:3:0:0:0.4:2:3:0-1-1:0:0.5:2:3:0-1:0:0:0.6:2:3:-:0:0.x", State(), 1),
        ("#l=5", State(feature_seeds=(5, None)), 1),
        ("#l=-.4294967296", State(), 1),
        ("#m=0000000000000000&s=3", State(seed=3), 1),
        ("#" + "9" * 5000 + "=1&s=" + "9" * 5000, State(), 1),
    ],
)
def test_odd_links_become_defaults_with_a_sentence(link: str, state: State, remarks: int) -> None:
    read, sentences = State.of_link(link, small_model(SHAPE))
    assert read == replace(state, features=state.features or NONE, feature_seeds=state.feature_seeds or NONE)
    assert len(sentences) == remarks
    assert all(sentence.endswith(".") and "\n" not in sentence for sentence in sentences)


@given(link=st.text())
def test_no_link_is_an_error(link: str) -> None:
    state, _ = State.of_link(link, small_model(SHAPE))
    assert inputs_of(state, small_model(SHAPE)).shape == (FACES, 203)


def test_places_have_their_own_noise_and_values() -> None:
    inputs = inputs_of(State(seed=9), small_model(SHAPE))
    for place in range(FACES):
        np.testing.assert_array_equal(inputs[place, :100], noise(9, place))
        expected = [value(9, place, attribute, count) for attribute, count in enumerate(SHAPE)]
        assert [inputs[place, 100:103].argmax(), inputs[place, 103:].argmax()] == expected
    assert set(inputs[:, 100:].sum(1)) == {2}


def test_a_chosen_feature_changes_nothing_else() -> None:
    free, chosen = (inputs_of(State(features=features), small_model(SHAPE)) for features in ((), (None, 42)))
    np.testing.assert_array_equal(free[:, :103], chosen[:, :103])
    assert chosen[:, 103:].argmax(1).tolist() == [42] * FACES


def test_a_locked_feature_keeps_its_values() -> None:
    model = small_model(SHAPE)
    before = inputs_of(State(seed=1), model)
    after = inputs_of(State(seed=2, feature_seeds=(None, 1)), model)
    np.testing.assert_array_equal(after[:, 103:], before[:, 103:])
    np.testing.assert_array_equal(after[:, :103], inputs_of(State(seed=2), model)[:, :103])


def test_a_locked_face_stays_as_it_is() -> None:
    model = small_model(SHAPE)
    before = inputs_of(State(seed=1, turn=30, variety=90), model)
    codes = before[5, 100:103].argmax(), before[5, 103:].argmax()
    locked = (Locked(0, 1, 5, codes, 30, 90),)
    after = inputs_of(State(2, (1, 1), (8, 8), 99, 50, locked), model)
    np.testing.assert_array_equal(after[0], before[5])
    np.testing.assert_array_equal(after[1:], inputs_of(State(2, (1, 1), (8, 8), 99, 50), model)[1:])


def test_without_attributes_a_locked_face_has_no_features() -> None:
    model, state = small_model(), State(locked=(Locked(1, 2, 3),))
    assert state.link(model) == f"#m={model.digest}&s=0&k=1:2:3::0:100"
    assert State.of_link(state.link(model), model) == (state, [])
    assert State.of_link("#k=1:2:3:0:0:100", model) == (State(), ["The link has odd locked faces: they are left out."])


def test_the_style_turns_on_a_circle() -> None:
    model = small_model()
    at = {turn: inputs_of(State(seed=3, turn=turn), model, 1)[0] for turn in (0, 90, 180, 45)}
    np.testing.assert_allclose(at[180], -at[0], atol=1e-6)
    np.testing.assert_allclose(at[90], noise(3, 0, stream=STYLE), atol=1e-6)
    np.testing.assert_allclose(at[45], (at[0] + at[90]) / np.sqrt(2), atol=1e-6)
    np.testing.assert_array_equal(inputs_of(State(seed=3, variety=50), model, 1)[0], at[0] / 2)


def test_there_may_be_more_faces_than_places() -> None:
    model = small_model(SHAPE)
    np.testing.assert_array_equal(inputs_of(State(seed=4), model, 40)[:FACES], inputs_of(State(seed=4), model))

"""Augmented sequences: how many places change, and into what."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from core.recommender.augmentation import Likes, augment, mined_rules, same_category

CATEGORIES = ["push", "push", "push", "pull", "pull", "core", "", ""]
SESSIONS = [[0, 3], [0, 3], [0, 3, 5], [0, 4], [1, 4], [1, 4], [2, 5], [2, 5], [6], []]


@given(
    st.lists(st.lists(st.integers(0, 7), max_size=60), min_size=1, max_size=5),
    st.sampled_from([0.1, 0.25, 1.0]),
    st.integers(0, 1000),
)
def test_categories_are_kept_and_the_share_is_replaced(histories, share, seed):
    likes = same_category(CATEGORIES)
    augmented = augment(histories, likes, np.random.default_rng(seed), share=share)
    for history, new in zip(histories, augmented, strict=True):
        changed = np.flatnonzero(np.array(history, dtype=int) != new)
        # 5 is alone in its category; 6 and 7 have none.
        can = sum(item < 5 for item in history)
        assert len(changed) == min(round(share * len(history)), can)
        for place in changed:
            assert CATEGORIES[new[place]] == CATEGORIES[history[place]] != ""


def test_a_tenth_of_the_paper_s_thirty_six_is_four():
    histories = [[0, 3] * 18] * 20
    new = augment(histories, same_category(CATEGORIES), np.random.default_rng(1))
    assert [(np.array(h) != n).sum() for h, n in zip(histories, new, strict=True)] == [4] * 20
    places = {int(place) for n in new for place in np.flatnonzero(np.array(histories[0]) != n)}
    assert len(places) > 20, "anywhere in the sequence"
    assert histories == [[0, 3] * 18] * 20


def test_the_same_generator_gives_the_same_sequences():
    histories = [[0, 1, 2, 3, 4] * 6] * 3
    one, two, three = (
        augment(histories, same_category(CATEGORIES), np.random.default_rng(seed)) for seed in (5, 5, 6)
    )
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(one, three, strict=True))


def test_rules_are_those_counted_by_hand():
    likes = mined_rules(SESSIONS, least_support=0.2, least_confidence=0.3)
    # Nine sessions with anything in them: {0, 3} in three, {1, 4} in two, {2, 5} in two; {0, 4} and {0, 5} in one.
    assert {a: others.tolist() for a, (others, _) in likes.partners.items()} == {
        0: [3],
        3: [0],
        1: [4],
        4: [1],
        2: [5],
        5: [2],
    }


def test_a_rule_is_drawn_as_often_as_it_is_confident():
    likes = mined_rules(SESSIONS, least_support=0.1, least_confidence=0.05)
    others, probabilities = likes.partners[4]
    # 4 stands in three sessions, two of them with 1. With 0 it stands once, which is less than by chance (4/9).
    assert (others.tolist(), probabilities.tolist()) == ([1], [1.0])
    others, probabilities = likes.partners[5]
    assert others.tolist() == [2], "3 is not more frequent beside 5 (1/3) than by itself (3/9)"
    sessions = [[0, 1]] * 6 + [[0, 2]] * 2 + [[3]] * 12
    others, probabilities = mined_rules(sessions, least_support=0.05).partners[0]
    assert others.tolist() == [1, 2]
    np.testing.assert_allclose(probabilities, [0.75, 0.25])


def test_rules_only_replace_with_mined_partners():
    likes = mined_rules(SESSIONS, least_support=0.1)
    histories = [np.random.default_rng(seed).integers(0, 8, 40).tolist() for seed in range(10)]
    replaced = 0
    for history, new in zip(
        histories, augment(histories, likes, np.random.default_rng(0), share=0.5), strict=True
    ):
        for before, after in zip(history, new, strict=True):
            if before != after:
                replaced += 1
                assert after in likes.partners[before][0]
    assert replaced > 100
    assert 6 not in likes.partners, "done alone, and so without a rule"


def test_where_nothing_is_like_anything_nothing_changes():
    for likes in (Likes({}), same_category([""] * 8), mined_rules([]), mined_rules([[1], [2]])):
        assert augment([[1, 2, 3] * 10], likes, np.random.default_rng(0))[0].tolist() == [1, 2, 3] * 10


def test_bad_input_is_named():
    with pytest.raises(InputError, match="share is 0"):
        augment([[1]], Likes({}), np.random.default_rng(0), share=0)
    with pytest.raises(InputError, match="least_support is 2"):
        mined_rules(SESSIONS, least_support=2)

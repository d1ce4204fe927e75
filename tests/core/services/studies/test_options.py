from pathlib import Path
from typing import Any

import pytest

from core.errors import InputError
from core.services.studies import options
from core.store import Store, people
from tests.toy_studies import Settings


def test_fields_say_how_to_ask_for_them() -> None:
    found = {o.name: o for o in options.options(Settings)}
    assert [o.kind for o in found.values()] == ["int", "float", "str", "several", "str", "bool"]
    assert (found["count"].minimum, found["count"].maximum, found["count"].default) == (1, 100, 6)
    assert found["trouble"].flag == "--trouble"
    assert found["trouble"].help == "What goes wrong in the second piece."


def test_choices_can_come_from_the_store(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.transaction() as db:
        people.add_cohort(db, "Mine", source="me", synthetic=False)
    (cohort,) = [o for o in options.options(Settings) if o.name == "cohort"]
    assert cohort.offered(store) == ("any", "Mine")
    assert options.build(Settings, {"cohort": "Mine"}, store).cohort == "Mine"
    with pytest.raises(InputError, match=r"Cohort is 'Theirs'; choose any or Mine\."):
        options.build(Settings, {"cohort": "Theirs"}, store)
    assert options.build(Settings, {"cohort": "Gone"}).cohort == "Gone", "a kept run may name what is gone"


def test_a_default_that_the_store_does_not_offer_is_refused(tmp_path: Path) -> None:
    from core.services.studies.recommenders import Settings as Recommenders

    with pytest.raises(InputError, match="Data is 'Sample cohort'; choose MovieLens"):
        options.build(Recommenders, {}, Store(tmp_path))


def test_settings_survive_json() -> None:
    settings = Settings(count=3, colours=("green",))
    assert options.build(Settings, options.as_dict(settings)) == settings


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"count": 0}, "Pieces is 0; it must be from 1 to 100"),
        ({"count": 101}, "from 1 to 100"),
        ({"count": 2.0}, "Pieces is 2.0; it must be a whole number"),
        ({"count": True}, "must be a whole number"),
        ({"count": None}, "must be a whole number"),
        ({"seconds": "1"}, "Seconds is '1'; it must be a number"),
        ({"seconds": float("nan")}, "must be a number"),
        ({"trouble": "much"}, "choose none, sentence, fault or dies"),
        ({"trouble": 1}, "must be text"),
        ({"colours": []}, "Colours is empty; choose at least one"),
        ({"colours": ["pink"]}, "Colours is 'pink'; choose red, blue or green"),
        ({"colours": "red"}, "must be a list of names"),
        ({"loud": 1}, "must be true or false"),
        ({"nope": 1}, "There is no setting 'nope'; there are count, seconds"),
    ],
)
def test_bad_values_are_named(values: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        options.build(Settings, values)

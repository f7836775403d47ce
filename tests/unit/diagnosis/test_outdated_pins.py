"""An image that was built from another version of a file of requirements is one finding."""

from __future__ import annotations

from dataclasses import replace

from unit.reports import finding, image, report

from importguard.diagnosis.outdated_pins import group_unmet_versions
from importguard.model import Finding, Location, Severity
from importguard.reporters import json, text


def unmet_pin(number: int, path: str = "requirements.txt", **changes: object) -> Finding:
    message = f"{path}:{number} declares 'lib{number}==2', and lib{number} 1 is installed"
    one = finding("IG302", module=f"lib{number}", missing=None, message=message, affected=(), chain=())
    place = Location(path, number)
    return replace(one, **{"severity": Severity.WARNING, "location": place, "diagnosis": None, **changes})


PINS = [unmet_pin(number) for number in range(1, 47)]


def test_many_unmet_pins_of_one_file_are_one_finding_at_its_first():
    broken = unmet_pin(60, severity=Severity.ERROR)
    other = unmet_pin(1, "requirements-api.txt")
    first, second, third = group_unmet_versions([broken, *PINS, other])
    assert (first, third) == (broken, other)
    assert (second.module, second.symptoms) == ("lib1", tuple(PINS[1:]))
    assert second.diagnosis is not None
    assert second.diagnosis.location == Location("requirements.txt", 1)
    assert "46 declarations of requirements.txt are not met" in second.diagnosis.explanation
    assert "built from another version of that file" in second.diagnosis.explanation
    assert second.diagnosis.evidence == tuple(one.message for one in PINS)
    assert second.all_fingerprints == {one.fingerprint for one in PINS}


def test_a_few_unmet_pins_may_each_have_a_cause_of_their_own():
    assert group_unmet_versions(PINS[:4]) == PINS[:4]


def test_the_image_that_was_just_built_is_no_old_one():
    (told,) = group_unmet_versions(PINS, built=True)
    assert told.diagnosis is not None
    assert told.diagnosis.remedy == "let the build install requirements.txt"


def test_the_names_stand_on_one_line_and_all_of_them_in_json():
    (told,) = group_unmet_versions(PINS)
    result = report(image(told))
    shown = text.render(result)
    assert "Not met either: lib2, lib3, lib4, lib5, lib6, lib7 and 39 more" in " ".join(shown.split())
    assert "When it is started" not in shown
    assert all(f'"lib{number}"' in json.render(result) for number in range(1, 47))

from reports.measures import text, title


def test_a_measure_has_one_title_and_shares_are_in_percent() -> None:
    lines = {
        title(name): text(name, value) for name, value in {"kid": 0.5412, "diversity": 0.3716, "alarms": 0}.items()
    }
    assert lines == {"KID": "0.541", "diversity": "37.2 %", "alarms of collapse": "0"}
    assert (title("mean_absolute_error"), text("mean_absolute_error", None)) == ("mean absolute error", "")

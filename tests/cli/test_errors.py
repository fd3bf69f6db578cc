import duckdb
import pytest
import typer

from connectors.errors import Misconfigured, Unauthorized
from sync.commands.guard import Code, Stop, guarded, tell
from sync.store import LeaseLost, StoreMissing
from sync.tenure import Busy


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Stop("held", Code.HELD), 3),
        (Misconfigured("row 7: no date"), 2),
        (StoreMissing("there is no state database"), 2),
        (Unauthorized("klaviyo does not accept the key"), 4),
        (Busy("another run is under way"), 5),
        (LeaseLost("the lease was lost"), 5),
        (PermissionError(13, "Permission denied", "/data"), 2),
    ],
)
def test_an_error_is_its_sentence_and_a_code(error, code):
    found, sentence = tell(error)
    assert found == code
    assert sentence in (str(error), "Permission denied: /data")


def test_a_full_disk_is_no_defect_whoever_writes_to_it():
    words = 'Could not write file \\"/data/.2025-06-02-1.parquet.7.part\\": File too large'
    told = f'IO Error: Async write failed: {{"exception_type":"IO","exception_message":"{words}"}}'
    code, sentence = tell(duckdb.IOException(told))
    assert code == Code.MEND
    assert sentence == (
        "a file could not be read or written: Could not write file "
        '"/data/.2025-06-02-1.parquet.7.part": File too large'
    )


def test_what_nobody_foresaw_is_called_a_defect_and_hides_addresses():
    code, sentence = tell(KeyError("anna@example.com"))
    assert code == 1
    assert sentence == (
        "This is a defect of Tidesman: KeyError: '[address]'; run it again with --debug"
    )


@guarded
def _failing(debug: bool = False) -> None:
    del debug  # read by the guard
    raise Misconfigured("orders.csv, row 7, column day: 'soon' is no date")


def test_a_traceback_only_if_it_is_asked_for(capsys):
    with pytest.raises(typer.Exit) as left:
        _failing(debug=False)
    assert left.value.exit_code == 2
    assert capsys.readouterr().err == "orders.csv, row 7, column day: 'soon' is no date\n"
    with pytest.raises(typer.Exit):
        _failing(debug=True)
    assert "Traceback" in capsys.readouterr().err

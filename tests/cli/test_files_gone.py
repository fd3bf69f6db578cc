"""Files that the state knows and that are gone: one sentence with the mend."""

import shutil

import pytest


@pytest.mark.parametrize("folder", ["lake", "snapshots"])
def test_a_file_that_is_gone_is_named_with_the_mend(shop, folder):
    shop.report(*shop.as_of())
    shutil.rmtree(shop.folder / "data" / folder)
    calls = shop.state("braze")["requests"]
    customer, plan, run = ("customer", "c0004"), ("plan", *shop.as_of(1)), ("run", *shop.as_of(1))
    for command in (customer, plan, run):
        done = shop.here(*command)
        assert done.exit_code == 2, (command, done.output)
        assert f"the file {shop.folder}/data/{folder}/" in done.stderr, command
        assert "was data_dir changed? Put it back, or start afresh" in done.stderr
    assert shop.state("braze")["requests"] == calls


def test_without_a_state_url_another_data_dir_begins_afresh(shop):
    config = shop.folder / "tidesman.yaml"
    text = config.read_text().replace("state_url: sqlite:///./data/state.db\n", "")
    config.write_text(text)
    shop.report(*shop.as_of())
    assert (shop.folder / "data" / "state.db").is_file()
    config.write_text(text.replace("data_dir: ./data", "data_dir: ./other"))
    assert shop.report(*shop.as_of())["destinations"]["disk"]["planned"] == 300
    assert (shop.folder / "other" / "state.db").is_file()

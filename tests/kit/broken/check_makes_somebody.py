"""Checks the key by making an empty customer."""

from good import Good


class Broken(Good):
    breaks = "test_check_leaves_no_trace"

    async def check(self):
        people = [{"person": "test", "set": {}}]
        job = (await self.call("POST", "/imports", json={"people": people})).json()["job"]
        await self.call("GET", f"/imports/{job}", params={"page": "1"})

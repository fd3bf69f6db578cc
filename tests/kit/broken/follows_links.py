"""Goes, key in hand, wherever a link in an answer leads."""

from good import Good


class Broken(Good):
    breaks = "test_links_in_answers_lead_nowhere_else"
    also = ("test_a_redirect_is_not_followed",)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.client.follow_redirects = True

    def following(self, told):
        return told["next"]

    async def page(self, ticket, page):
        if page.startswith("http"):
            return (await self.call("GET", page)).json()
        return await super().page(ticket, page)

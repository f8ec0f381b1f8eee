"""The walks of a recording: pages, posts, journeys, mails, commands."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click
from werkzeug.datastructures import MultiDict

from tests.house import mails
from tests.house.forms import Form, Page, file_for
from tests.house.frozen import entropy
from tests.house.journeys import JOURNEYS
from tests.house.shop import Shop
from tests.house.stage import PEOPLE
from tests.house.test_walk import READING, WRITING, lines
from tests.house.writing import content, file_name, said, typed, write

# What scripts send, and files; every other form is found on a page.
SCRIPTED: dict[str, list[dict[str, str]]] = {
    "/learn/flask-first-steps/forms-on-film/heartbeat": [
        {"position": "12", "start": "2", "end": "12", "state": "playing"},
        {"position": "120", "start": "0", "end": "120", "state": "ended"},
    ],
    "/learn/flask-first-steps/hello-flask/heartbeat": [
        {"position": "5", "start": "0", "end": "5", "state": "playing"}
    ],
    "/studio/preview-markdown": [{"text": "# A\n\n*b* <script>c</script>", "course": "{course}"}],
    "/checkout": [{"product": "{wished}"}],
    "/cart/items": [{"product": "{wished}"}],
    "/studio/courses/{course}/lessons/{filmed_lesson}/typed": [
        {"version": "1", "tab": "0123456789abcdef", "seen": "", "title": "Forms on film", "body": "Typed."}
    ],
    "/studio/courses/{course}/publish": [{"notes": "Look.", "changes": "More lessons"}],
    "/studio/courses/{draft_course}/publish": [{"notes": "Look."}],
}
# Commands that end by themselves; what they say and what they leave is recorded.
RUN = (
    "jobs list",
    "jobs list --state dead",
    "jobs retry",
    "jobs retry --all-dead",
    "ledger check",
    "stats rebuild",
    "backup list",
    "create-admin ned@example.com --password short",
    "create-admin ned@example.com --password a-long-new-password",
    "reset-second-factor bo@example.com",
    "require-second-factor on",
    "export course flask-first-steps {folder}",
    "export course reading-code {folder}-free",
    "import course {folder}-free --creator ada@example.com",
    "nothing",
)


class Walk:
    """One recording: the shop, where it is written, and what was counted."""

    def __init__(self, out: Path, folder: Path, match: str = "") -> None:
        self.out, self.match = out, match
        self.shop = Shop(folder)
        self.counts: Counter[str] = Counter()
        self.seen: dict[str, dict[str, str]] = {person: {} for person in PEOPLE}
        self.forms: dict[str, dict[str, list[Form]]] = {}
        write(out / "addresses.txt", self._routes())

    def _routes(self) -> list[str]:
        rules = self.shop.app.url_map.iter_rules()
        return sorted(f"{rule.rule} {' '.join(sorted(rule.methods or ()))}" for rule in rules)

    def addresses(self, table: str) -> list[str]:
        """The addresses of a table, filled."""
        found = [address.format(**self.shop.words) for address, _ in lines(table)]
        return [address for address in dict.fromkeys(found) if self.match in address]

    def pages(self) -> None:
        """Ask for every page, and for what it shows and leads to, as a page and as a fragment."""
        for person in PEOPLE:
            waiting = self.addresses(READING)
            walked = set(waiting)
            for address in waiting:
                for link in self._page(person, address):
                    shared = link.startswith("/static/") and person != "out"
                    if link not in walked and not shared and self.match in link and "/media/" not in link:
                        walked.add(link)
                        self._page(person, link)

    def _page(self, person: str, address: str) -> list[str]:
        entropy.begin(f"GET {address} {person}")
        answer = self.shop.ask(person, address)
        told = list(self.shop.clean(said(answer)))
        entropy.begin(f"GET {address} {person}")
        fragment = self.shop.ask(person, address, swap=True)
        swapped = list(self.shop.clean(said(fragment)))
        told += ["=== swapped", *(swapped if swapped != told else ["the same"])]
        write(self.out / "pages" / person / file_name(address), [f"=== GET {address}", *told])
        self.counts["answers to GET"] += 2
        if answer.mimetype != "text/html" or answer.status_code != 200 or "/dev/mail/" in address:
            return []
        page = Page(address, answer.text)
        # A form that swaps may stand in the fragment only.
        shown = Page(address, fragment.text) if fragment.mimetype == "text/html" else page
        for form in [*page.forms, *shown.forms]:
            known = self.forms.setdefault(form.action, {}).setdefault(person, [])
            if form not in known:
                known.append(form)
        return page.links

    def posts(self) -> None:
        """Post every form by every person, empty and filled in, and see what that leaves."""
        if not self.forms:
            self._look_for_forms()
        empty = self.addresses(WRITING)
        scripted = {key.format(**self.shop.words): forms for key, forms in SCRIPTED.items()}
        known = [address for address in self.forms if self.match in address]
        more = [address for address in scripted if self.match in address]
        for address in dict.fromkeys([*empty, *known, *more]):
            for person in PEOPLE:
                told: list[str] = []
                done = set()
                for form, swaps in self._sent(person, address, scripted.get(address, []), address in empty):
                    for swap in (False, True) if swaps else (False,):
                        if (typed(form), swap) in done:
                            continue
                        done.add((typed(form), swap))
                        told += self.shop.post(person, address, form, swap)
                        self.counts["answers to POST"] += 1
                write(self.out / "posts" / person / file_name(address), told)

    def _look_for_forms(self) -> None:
        out, self.out = self.out, self.shop.folder / "unread"
        match, self.match = self.match, ""
        self.pages()
        self.out, self.match = out, match
        del self.counts["answers to GET"]

    def _sent(
        self, person: str, address: str, scripted: list[dict[str, str]], empty: bool
    ) -> Iterator[tuple[MultiDict[str, object] | bytes, bool]]:
        """What a person sends to an address: nothing, what the forms there say, and what scripts say."""
        if empty:
            yield MultiDict(), False
        found = self.forms.get(address, {})
        for form in found.get(person) or next(iter(found.values()), []):
            yield from ((sent, form.swaps) for sent in form.filled())
        for values in scripted:
            yield MultiDict({name: text.format(**self.shop.words) for name, text in values.items()}), False
        if address.endswith("/parts/1"):
            yield b"1234567890" * 100, False
        if address.endswith(("/account/picture", "/pictures", "/settings/logo")):
            yield MultiDict([(name, file_for(name, address)) for name in ("file", "picture")]), False

    def journeys(self) -> None:
        """Go the ways that take several steps."""
        for name, steps in JOURNEYS.items():
            if self.match in name:
                write(self.out / "journeys" / f"{name}.txt", steps(self.shop))
                self.shop.restore()
                self.counts["journeys"] += 1

    def mails(self) -> None:
        """Write every letter there is."""
        for name, told in mails.every(self.shop):
            write(self.out / "mails" / f"{name}.txt", told)
            self.counts["mails"] += 1
        self.shop.restore()

    def commands(self) -> None:
        """Ask every command for help, and run those that end by themselves."""
        told: dict[str, list[str]] = {}
        with self.shop.app.app_context():
            for words in self._commands(self.shop.app.cli, ()):
                told[" ".join(words)] = [self.shop.command(*words, "--help")]
        folder = str(self.shop.folder / "given")
        for line in RUN:
            words = tuple(word.format(folder=folder) for word in line.split())
            told.setdefault(line, []).append(self.shop.command(*words))
            told[line] += self.shop.traces("leaves", self.shop.before)
            if words[0] == "export":
                told[line] += self._tree(Path(words[-1]))
            self.shop.restore()
        for name, lines_ in told.items():
            write(self.out / "commands" / file_name(name), lines_)
            self.counts["commands"] += 1

    def _commands(self, group: click.Command, before: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        for name, command in sorted(getattr(group, "commands", {}).items()):
            yield (*before, name)
            yield from self._commands(command, (*before, name))

    def _tree(self, place: Path) -> Iterator[str]:
        for path in sorted(path for path in place.rglob("*") if path.is_file()):
            yield f"--- {path.relative_to(place)}"
            yield from content("", path.read_bytes())

    def end(self) -> None:
        """Leave nothing running."""
        self.shop.stripe.stop()

"""What course material contains is rendered: HTML, notes, formulas, fences, headings, in common spellings."""

import re
import time
from pathlib import Path

import pytest

from domain.base import markdown
from domain.base.code_fences import FenceInfo, fence_info
from domain.base.markdown import MAX_BYTES, described, dropped, first_heading, render, split_title
from tests import effort
from tests.base.test_markdown import assert_harmless

DATA = Path(__file__).parents[1] / "data" / "markdown"
FOREIGN = 'rel="nofollow ugc noopener"'


def note(kind: str, title: str, body: str) -> str:
    return (
        f'<aside class="note note-{kind}" role="note" aria-label="{title}">\n'
        f'<p class="note-title">{title}</p>\n{body}\n</aside>'
    )


def folded(kind: str, title: str, body: str, more: str = "") -> str:
    return (
        f'<details class="note note-{kind}"{more}>\n<summary class="note-title">{title}</summary>\n'
        f"{body}\n</details>"
    )


def tab(title: str, body: str) -> str:
    return f'<section class="tab" aria-label="{title}">\n<p class="tab-title">{title}</p>\n{body}\n</section>'


def inner(text: str) -> str:
    """Render `text`, without the frame around it and the links of headings to themselves."""
    html = render(text).html
    assert_harmless(html)
    html = html.removeprefix('<div class="prose" hx-ignore>\n').removesuffix("</div>").strip()
    return re.sub(r' <a class="anchor"[^>]*>#</a>|(?<=\n)\n+', "", html)


HTML = [
    ("Press <kbd>Ctrl</kbd>, H<sub>2</sub>O.", "<p>Press <kbd>Ctrl</kbd>, H<sub>2</sub>O.</p>"),
    ('<b class="x" style="y" onclick="z">x</b>', "<p><b>x</b></p>"),
    ("a<!-- why -->b", "<p>ab</p>"),
    ("<!-- one\n\ntwo -->\n\nthree", "<p>three</p>"),
    ("<!-- never closed\n\nx", ""),
    ("List<int> and a < b, <your-name>", "<p>List&lt;int&gt; and a &lt; b, &lt;your-name&gt;</p>"),
    ("</T> <T>", "<p>&lt;/T&gt; &lt;T&gt;</p>"),
    ('<Callout type="x">hi</Callout>', "<p>hi</p>"),
    (
        "<details><summary>A</summary>\n\n- b\n\n</details>",
        "<details><summary>A</summary>\n<ul>\n<li>b</li>\n</ul>\n</details>",
    ),
    (
        "<details>\n<summary>A</summary>\n\nnever closed",
        "<details>\n<summary>A</summary>\n<p>never closed</p>\n</details>",
    ),
    (
        "<table><tr><td align=right colspan=2>x<td>y</table>",
        '<div class="table-scroll" role="group" aria-label="Table" tabindex="0"><table>\n'
        '<tbody><tr><td colspan="2" class="right">x</td><td>y</td></tr></tbody></table></div>',
    ),
    (
        '<img src="/a.png" alt="A" width="300" height=20 onerror=x>',
        '<img src="/a.png" alt="A" width="300" height="20" loading="lazy" decoding="async">',
    ),
    (
        '<img src="https://else.example/a.png">',
        f'<a class="foreign-image" {FOREIGN} href="https://else.example/a.png">else.example</a>',
    ),
    (
        r'<img src="/\else.example/a.png">',
        f'<a class="foreign-image" {FOREIGN} href="//else.example/a.png">else.example</a>',
    ),
    (r'<a href="\/else.example?\">x</a>', f'<p><a href="//else.example?\\" {FOREIGN}>x</a></p>'),
    ("<p align=center>\n\nx\n\n</p>", '<div class="center">\n<p>x</p>\n</div>'),
    ('<div dir="rtl" lang="fa">x</div>', '<div dir="rtl" lang="fa">x</div>'),
    ("<ul><li>a<li>b</ul>", "<ul><li>a</li><li>b</li></ul>"),
    ("x<br>y<wbr>z", "<p>x<br>y<wbr>z</p>"),
    ("<ruby>漢<rt>かん</rt></ruby>", "<p><ruby>漢<rt>かん</rt></ruby></p>"),
    ("**a <i>b** c</i>", "<p><strong>a <i>b</i></strong> c</p>"),
    ("<b>a\n\nb</b>", "<p><b>a</b></p>\n<p>b</p>"),
    ("</div></section></aside>x", "x"),
    (
        '<video src="/media/a.mp4" title="Film"></video>',
        '<p><a href="/media/a.mp4" class="film">Film</a></p>',
    ),
    (
        "<iframe src='https://www.youtube.com/embed/x'></iframe>",
        f'<a href="https://www.youtube.com/embed/x" class="film" {FOREIGN}>'
        "https://www.youtube.com/embed/x</a>",
    ),
    ("<svg>\n\n<path d='M0'>\n\n</svg>\n\nafter", "<p>after</p>"),
    ("<svg>\n\nx\n\n</svg>\n<p>after</p>", "<div>after</div>"),
    ("a <svg>b</svg> c", "<p>a  c</p>"),
    ("<script>alert(1)</script>\n\nx", "<p>x</p>"),
    ("x <style>b{}</style>y", "<p>x y</p>"),
    ("<a href='/x'>y</a>", '<p><a href="/x">y</a></p>'),
    ('<h1 id="top">Hi <b>you</b></h1>', '<h2 id="s-top">Hi <b>you</b></h2>'),
    ("<abbr title='Hyper'>H</abbr>", '<p><abbr title="Hyper">H</abbr></p>'),
]
NOTES = [
    ("> [!WARNING]\n> Mind the gap.", note("warning", "Warning", "<p>Mind the gap.</p>")),
    ("> [!tip]- More\n> x", folded("tip", "More", "<p>x</p>")),
    ("> [!tip]+ More\n>\n> x", folded("tip", "More", "<p>x</p>", ' open=""')),
    ("> [!unheard]\n> x", "<blockquote>\n<p>[!unheard]\nx</p>\n</blockquote>"),
    (":::note My title\nx\n:::", note("note", "My title", "<p>x</p>")),
    (":::danger[Hot]\nx\n:::", note("caution", "Hot", "<p>x</p>")),
    ('::: {.callout-tip title="Hi"}\nx\n:::', note("tip", "Hi", "<p>x</p>")),
    ("::: details\nx\n:::", folded("note", "Details", "<p>x</p>")),
    (":::{note} T\nx\n:::", note("note", "T", "<p>x</p>")),
    ("::: {.column width=50%}\nx\n:::", "<p>x</p>"),
    (
        "::: note\n::: tip\na\n:::\nb\n:::\n\nc",
        note("note", "Note", note("tip", "Tip", "<p>a</p>") + "\n<p>b</p>") + "\n<p>c</p>",
    ),
    ("::: note\n```\n:::\n```\nb\n:::", None),
    ('!!! warning "Hot"\n    x\n\n    y\n\nz', note("warning", "Hot", "<p>x</p>\n<p>y</p>") + "\n<p>z</p>"),
    ("!!! note\nx", "<p>!!! note\nx</p>"),
    ('??? question "Why?"\n    x', folded("note", "Why?", "<p>x</p>")),
    ("```{tip} T\n:class: big\n**x**\n```", note("tip", "T", "<p><strong>x</strong></p>")),
    ('=== "A"\n\n    x\n\n=== "B"\n\n    y', tab("A", "<p>x</p>") + "\n" + tab("B", "<p>y</p>")),
    (":::: tabs\n::: tab A\nx\n:::\n::::", tab("A", "<p>x</p>")),
    ("::: tabs\n@tab A\nx\n:::", '<p class="tab-title">A</p>\n<p>x</p>'),
    (
        '<Tabs>\n<TabItem value="a" label="A">\n\nx\n\n</TabItem>\n</Tabs>',
        '<section class="tab"><p class="tab-title">A</p>\n<p>x</p>\n</section>',
    ),
]
WORDS = [
    ("Term\n: Meaning", "<dl>\n<dt>Term</dt>\n<dd>Meaning</dd>\n</dl>"),
    (":rocket: :tada: :unheard_of: `:rocket:`", "<p>🚀 🎉 :unheard_of: <code>:rocket:</code></p>"),
    ("at 10:30:45, std::map::x", "<p>at 10:30:45, std::map::x</p>"),
    ("www.a.example", f'<p><a href="http://www.a.example" {FOREIGN}>www.a.example</a></p>'),
    ("(https://a.example/b).", f'<p>(<a href="https://a.example/b" {FOREIGN}>https://a.example/b</a>).</p>'),
    ("`https://a.example`", "<p><code>https://a.example</code></p>"),
    ("[x][r]\n\n[r]: /y", '<p><a href="/y">x</a></p>'),
    (
        "- [ ] do `x` now",
        '<ul class="contains-task-list">\n<li class="task-list-item"><label>'
        '<input class="task-list-item-checkbox" '
        'disabled="disabled" type="checkbox"> do <code>x</code> now</label></li>\n</ul>',
    ),
    ("[[toc]]\n\nx", "<p>x</p>"),
    ("# [toc]", '<h2 id="s-toc">[toc]</h2>'),
    # The cases of the amendment for Chinese, Japanese and Korean.
    ("**重要。**次", "<p><strong>重要。</strong>次</p>"),
    ("これは**「強調」**です", "<p>これは<strong>「強調」</strong>です</p>"),
    ("**[リンク](/x)**です", '<p><strong><a href="/x">リンク</a></strong>です</p>'),
    ("**テスト（テスト）**です", "<p><strong>テスト（テスト）</strong>です</p>"),
    ("**(太字)**の", "<p><strong>(太字)</strong>の</p>"),
    ("중**요(중요)**한", "<p>중<strong>요(중요)</strong>한</p>"),
    ("~~删除。~~后", "<p><s>删除。</s>后</p>"),
    ("a**(b)**c", "<p>a**(b)**c</p>"),
    ("中_文_字", "<p>中_文_字</p>"),
]
FORMULAS = [
    ("$x_1$", "<p><math><msub><mi>x</mi><mn>1</mn></msub></math></p>"),
    ("设$x$为", "<p>设<math><mi>x</mi></math>为</p>"),
    (r"\(x\) and \(or not\) \[1\]", "<p><math><mi>x</mi></math> and (or not) [1]</p>"),
    ("$`x`$", "<p><math><mi>x</mi></math></p>"),
    ("a $$x$$ b", '<p>a <math display="block"><mi>x</mi></math> b</p>'),
    *[
        (text, '<div class="formula" tabindex="0"><math display="block"><mi>x</mi></math></div>')
        for text in ("$$\nx\n$$", "$$ x $$", "```math\nx\n```", "```{math}\n:label: a\n\nx\n```")
    ],
    ("\\[\nx=1\n\\]", None),
    *[
        (text, f"<p>{text}</p>")
        for text in (
            "$5 and $10",
            "US$20, or AU$30",
            "$HOME/$USER",
            "from $1,000 to 2$ a day",
            "a $ b $ c",
            "$5 dollars (US$).",
        )
    ],
    (r"\$x\$", "<p>$x$</p>"),
    ("`$x$`", "<p><code>$x$</code></p>"),
    (r"$\unheard$", r'<p><code class="formula">\unheard</code></p>'),
    (
        r"$\begin{matrix}a & b\end{matrix}$",
        '<p><math><mtable displaystyle="false" scriptlevel="0"><mtr><mtd><mi>a</mi></mtd>'
        "<mtd><mi>b</mi></mtd></mtr></mtable></math></p>",
    ),
    (r"$\text{<script>alert(1)</script>}$", None),
]
HEADINGS = [
    ("## A *b* {#c .d}", '<h2 id="s-c">A <em>b</em></h2>'),
    ("A {.x}\n===", '<h2 id="s-a">A</h2>'),
    ("## A {: .x #c data-a='b c' - }", '<h2 id="s-c">A</h2>'),
    ("## A {/* #c */}", '<h2 id="s-c">A</h2>'),
    ("## A {x} {#b", '<h2 id="s-a-x-b">A {x} {#b</h2>'),
    ("## A {/* #c */}", '<h2 id="s-c">A</h2>'),
    ("## A {b}", '<h2 id="s-a-b">A {b}</h2>'),
    ("# Café & Über!", '<h2 id="s-café--über">Café &amp; Über!</h2>'),
    ("# 日本 語", '<h2 id="s-日本-語">日本 語</h2>'),
    ("# A\n# A\n# A", '<h2 id="s-a">A</h2>\n<h2 id="s-a-1">A</h2>\n<h2 id="s-a-2">A</h2>'),
    ("# A {#x}\n# B {#x}", '<h2 id="s-x">A</h2>\n<h2 id="s-b">B</h2>'),
    ("[x](#a-b)\n# A b", '<p><a href="#s-a-b">x</a></p>\n<h2 id="s-a-b">A b</h2>'),
    ("[x](#%E6%97%A5)\n# 日", '<p><a href="#s-日">x</a></p>\n<h2 id="s-日">日</h2>'),
    ("[x](#s-a-b)\n# A & b", '<p><a href="#s-a--b">x</a></p>\n<h2 id="s-a--b">A &amp; b</h2>'),
    ("[x](#elsewhere)", '<p><a href="#elsewhere">x</a></p>'),
    ('[x](#g)\n\n<a name="g"></a>', '<p><a href="#s-g">x</a></p>\n<a id="s-g"></a>'),
    ('<b id="forms">x</b>', '<p><b id="s-forms">x</b></p>'),
]


@pytest.mark.parametrize(("text", "html"), [*HTML, *NOTES, *WORDS, *FORMULAS, *HEADINGS])
def test_what_authors_write_is_rendered(text: str, html: str | None) -> None:
    """None: it has only to be harmless, and to show none of its marks."""
    shown = inner(text)
    if html is None:
        assert not re.search(r"\$\$|\\\[|<script|&lt;/?aside", shown)
    else:
        assert shown == html


@pytest.mark.parametrize("name", ["html-and-comments", "heading-ids", "blocks", "zwnj-title", "zwj-title"])
def test_nothing_of_real_lessons_stands_raw(name: str) -> None:
    text = (DATA / f"{name}.md").read_text()
    shown = inner(text)
    words = re.sub(r"<code>.*?</code>", "", shown, flags=re.DOTALL)
    assert not re.search(r"&lt;|<!--|\{#|:::|!!!|\[!|\$|:tada:|\[\[toc|TODO", words)
    assert not set(re.findall(r'href="#([^"]+)"', shown)) - set(re.findall(r'id="([^"]+)"', shown))


FENCES = [
    ("rust,ignore", FenceInfo("rust")),
    ("js{1,3-5}", FenceInfo("js", "", (1, 3, 4, 5))),
    ('js {2} title="a b.js"', FenceInfo("js", "a b.js", (2,))),
    ("{python}", FenceInfo("python")),
    ("{r setup, include=FALSE}", FenceInfo("r")),
    ("{.python .numberLines}", FenceInfo("python")),
    ("{code-block} python", FenceInfo("python")),
    ("python title='x.py'", FenceInfo("python", "x.py")),
    ('py hl_lines="1 3" linenums="1"', FenceInfo("py", "", (1, 3))),
    ("js filename.js", FenceInfo("js", "filename.js")),
    ("js:src/app.js", FenceInfo("js", "src/app.js")),
    ("app.rb", FenceInfo("rb", "app.rb")),
    ("c++", FenceInfo("c++")),
    ("html+erb", FenceInfo("html+erb")),
    ("vb.net", FenceInfo("vb.net")),
    ("{1,9999999999}", FenceInfo("", "", (1,))),
    ("", FenceInfo()),
]


@pytest.mark.parametrize(("written", "info"), FENCES)
def test_the_first_line_of_a_fence_is_read(written: str, info: FenceInfo) -> None:
    assert fence_info(written) == info


def test_a_fence_shows_its_title_its_language_and_marked_lines() -> None:
    html = inner('```jsx{2} title="a.jsx"\nlet a = 1\nlet b = 2\n```\n\n```mermaid {1}\ngraph TD\n```')
    assert '<span class="code-language"><span class="code-title">a.jsx</span> JSX</span>' in html
    assert '</span>\n<span class="hll"><span class="kd">let</span>' in html
    assert '<span class="code-language">Diagram (Mermaid)</span>' in html
    assert '<span class="hll">graph TD\n</span>' in html


TITLES = [
    ("# A\n\ntext", ("A", "text", 2)),
    ("A *b* `c`\n===\ntext", ("A b c", "text", 2)),
    ("\n\n## A &amp; [b](/c) {#d} ##\n\ntext", ("A & b", "text", 4)),
    ("## A &amp; [b](/c) {#d}\n\ntext", ("A & b", "text", 2)),
    ("# برنامه\u200cنویسی\n\nx", ("برنامه\u200cنویسی", "x", 2)),
    ("# Team 👩\u200d💻", ("Team 👩\u200d💻", "", 1)),
    ("<!-- c -->\n# A\nx", ("A", "<!-- c -->\nx", 1)),
    ('<a id="top"></a>\n\n### A\nx', ("A", '<a id="top"></a>\n\nx', 1)),
    ("intro\n\n# A\nx", ("A", "intro\n\n# A\nx", 0)),
    ("intro\n\n## A\nx", ("", "intro\n\n## A\nx", 0)),
    ("```\n# no\n```", ("", "```\n# no\n```", 0)),
    ("> # no", ("", "> # no", 0)),
    ("# ![Logo](/a.png)\n## B", ("Logo", "## B", 1)),
    ("", ("", "", 0)),
    ("# A\n\n" + "word\n" * 2_000, ("A", "word\n" * 2_000, 2)),
    ("word\n" * 2_000 + "\n# A", ("", "word\n" * 2_000 + "\n# A", 0)),
]


@pytest.mark.parametrize(("text", "parts"), TITLES)
def test_the_title_of_a_text_is_its_first_heading_in_plain_words(
    text: str, parts: tuple[str, str, int]
) -> None:
    assert split_title(text) == parts


def test_links_name_the_first_heading_as_they_do_in_the_text() -> None:
    found = first_heading("# Ropes {#ropes}\n\nSee [knots](#knots).")
    assert found is not None
    assert (found.name, found.level, found.first_line, found.end_line, found.leads) == (
        "ropes",
        1,
        0,
        1,
        True,
    )
    assert markdown.anchors("# A\n# A\n<a id='b'></a>\n\n# C {#d}") == {
        "a": "s-a", "a-1": "s-a-1", "b": "s-b", "d": "s-d", "c": "s-d",
    }  # fmt: skip


def test_what_is_not_shown_is_counted_by_kind() -> None:
    text = "<!-- a --><!-- b -->\n\n<iframe src='/x'></iframe>\n\n<script>1</script>\n\n<Widget a='b' />"
    assert dropped(text) == {"comment": 2, "Widget": 1, "iframe": 1, "script": 1}
    assert described(dropped(text)) == "comment × 2, Widget × 1, iframe × 1, script × 1"
    assert dropped("*plain* List<int> <kbd>x</kbd>") == {}
    assert render(r"$\unheard$ $x$").dropped == {"formula": 1}


def test_pictures_are_listed_however_they_are_written() -> None:
    text = '![a](/a.png) <img src="b.png">\n\n<p><img src="/c.png"></p>\n\n`![d](/d.png)`'
    assert markdown.pictures(text) == render(text).pictures == ("/a.png", "b.png", "/c.png")


def test_reading_time_counts_the_letters_of_scripts_without_blanks() -> None:
    assert render("漢字" * 450).reading_seconds == 120
    assert render("สวัสดี" * 250).reading_seconds == pytest.approx(60, abs=15)
    assert render("word " * 220).reading_seconds == 60
    assert render("слово " * 220).reading_seconds == 60
    assert render("조선 " * 110).reading_seconds == 30


@pytest.mark.parametrize(
    "piece",
    [
        "<b>", "<i class=1>\n\nx", "<svg>", "<details>\n\n", "</div>", "<!--", "<a x='", "<a b ", "<td>", "$",
        "$$\n", "\\[", ":::note\n", "!!! note\n    ", ":a:", "> [!note]\n> ", "```{note}\n", "# {#a}\n",
        "# a\n", "<h1>", "www.", "a@b", "<Tabs><TabItem a=1>", "$\\frac{", "**。", "<script>", "<ul><li>",
        "$x$ ", "<p a>",
    ],
)  # fmt: skip
@pytest.mark.slow
def test_no_repetition_takes_for_ever(piece: str) -> None:
    text = "\n".join((piece * (MAX_BYTES // effort.times(12, 2) // len(piece))).split("\n")[:9_990])
    started = time.process_time()
    html = render(text).html
    assert_harmless(html)
    assert len(html) < 20_000_000
    assert time.process_time() - started < effort.times(5, 60)


@pytest.mark.parametrize(
    "text",
    [
        "# a {" + "a=a" * 40 + "!", "# a" + " " * 100_000 + "b", "# a {" + "-" * 100_000 + "!",
        "# a " + "{/*#" * 40_000, "# a " + '{a="' * 40_000, "::: {" + "a" * 190_000 + "#}\nb\n:::",
    ],
)  # fmt: skip
@pytest.mark.slow
def test_no_attributes_take_for_ever(text: str) -> None:
    """Within one rule nothing looks at the clock, so its patterns read a text once."""
    started = time.process_time()
    assert_harmless(render(text).html)
    assert time.process_time() - started < effort.times(5, 60)


@pytest.mark.slow
def test_macros_of_formulas_do_not_fill_the_memory() -> None:
    formula = r"$\def\b{" + "x" * 900 + "}" + r"\b" * 190 + "$ "
    html = render(formula * 60 + "\n\n```python\nif a:\n```").html
    assert "<math>" in html
    assert '<code class="formula">' in html
    assert '<span class="k">if</span>' in html
    assert len(html) < 6_000_000


@pytest.mark.slow
def test_a_formula_that_would_end_its_process_ends_only_the_child() -> None:
    html = render("$" + r"\sqrt{" * 300 + "x" + "}" * 300 + "$\n\n$$\n" + "{" * 1990 + "\n$$\n\nend").html
    assert_harmless(html)
    assert "<p>end</p>" in html


XSS = [
    '<a id="x" name="y" href="jAvascript:alert(1)">x</a>',
    '<a href="java\tscript:alert(1)">x</a>',
    '<a href="data:text/html,<script>">x</a>',
    '<img src="javascript:alert(1)">',
    '<iframe src="javascript:alert(1)"></iframe>',
    '<video src="data:text/html,x"><source src="javascript:x"></video>',
    '<form id="x"><input name="attributes"></form>',
    '<b id="getElementById" name="body">x</b>',
    '<p style="position:fixed" class="notice">x</p>',
    '<math href="javascript:alert(1)"><maction actiontype="statusline">x</maction></math>',
    '<math xlink:href="javascript:x"><mi xlink:href="javascript:x">x</mi></math>',
    "<math><annotation-xml encoding='text/html'><img src=x onerror=alert(1)></annotation-xml></math>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<details ontoggle=alert(1) open>x</details>",
    "<td background=javascript:alert(1)>",
    "<div hx-get='/admin' data-hx-get='/admin' hx-on:click='alert(1)'>x</div>",
    "<a href='/x' target=_blank ping='//evil.example' download>x</a>",
    "<del cite='javascript:alert(1)'>x</del> <q cite='javascript:x'>y</q>",
    "<h1 id='\"><script>alert(1)</script>'>x</h1>",
    '## x {#"onclick=alert(1)}',
    '::: note "><script>alert(1)</script>\nx\n:::',
    '!!! note "<img src=x onerror=alert(1)>"\n    x',
    "> [!note] <script>alert(1)</script>\n> x",
    '```js title="<script>alert(1)</script>" {1}\nx\n```',
    "```<script>alert(1)</script>\nx\n```",
    r"$\href{javascript:alert(1)}{x}$ $\text{</math><img src=x onerror=alert(1)>}$",
    r"$\style{position:fixed}{x} \class{notice}{y} \color{red}{z}$",
    "$$\n</math><script>alert(1)</script>\n$$",
    "<TabItem label='\"><img src=x onerror=alert(1)>' x=y>z</TabItem>",
    "<b\nonclick=alert(1)>x</b>",
    "<<script>script>alert(1)</script>",
    "<img src=`x` onerror=alert(1)>",
    "<base href=//evil.example/><link rel=stylesheet href=//evil.example>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
]


@pytest.mark.parametrize("attack", XSS)
def test_nothing_in_html_notes_or_formulas_runs(attack: str) -> None:
    for text in (
        attack,
        f"> {attack}",
        f"- {attack}",
        f"**{attack}**",
        f"<div>\n{attack}\n\n</div>",
        f"|a|\n|-|\n|{attack}|",
    ):
        assert_harmless(render(text).html)


def test_blocks_take_the_direction_of_their_own_letters_once_some_read_from_right_to_left() -> None:
    shown = render("# T\n\nHello.\n\nمرحبا!\n\n- سلام\n\n> שלום\n\n|س|\n|-|\n|x|").html
    for block in ('h2 id="s-t"', "p", "ul", "li", "blockquote", 'th scope="col"', "td"):
        assert f'<{block} dir="auto">' in shown
    assert '<p dir="auto">مرحبا!</p>' in shown
    assert 'dir="rtl"' in render('<div dir="rtl">\n\nמה\n\n</div>').html
    assert "dir=" not in render("# T\n\nHello, **κόσμε**.").html

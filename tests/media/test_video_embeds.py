"""Outside films: only an id is taken over from an address, and only from the two sites we know."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.media.video_embeds import embed

YOUTUBE = "https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ?autoplay=1&rel=0"
VIMEO = "https://player.vimeo.com/video/123456789?autoplay=1&dnt=1"


@pytest.mark.parametrize(
    "address",
    [
        "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
        "https://youtube.com/watch?v=dQw4w9WgXcQ&t=42s&list=PL123",
        "https://m.youtube.com/watch?list=PL1&v=dQw4w9WgXcQ",
        "https://youtu.be/dQw4w9WgXcQ?si=abc",
        "https://www.youtube.com/embed/dQw4w9WgXcQ",
        "https://www.youtube.com/shorts/dQw4w9WgXcQ",
        "https://www.youtube.com/live/dQw4w9WgXcQ",
        "https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ",
        "https://WWW.YouTube.com/watch?v=dQw4w9WgXcQ",
    ],
)
def test_youtube_addresses_lead_to_one_player(address: str) -> None:
    found = embed(address)
    assert found is not None
    assert (found.provider, found.player_url) == ("YouTube", YOUTUBE)
    assert found.page_url == "https://www.youtube.com/watch?v=dQw4w9WgXcQ"


@pytest.mark.parametrize(
    "address",
    [
        "https://vimeo.com/123456789",
        "https://www.vimeo.com/123456789/",
        "https://player.vimeo.com/video/123456789",
    ],
)
def test_vimeo_addresses_lead_to_one_player(address: str) -> None:
    found = embed(address)
    assert found is not None
    assert (found.provider, found.player_url, found.page_url) == (
        "Vimeo",
        VIMEO,
        "https://vimeo.com/123456789",
    )


@pytest.mark.parametrize(
    "address",
    ["https://vimeo.com/123456789/abcdef1234", "https://player.vimeo.com/video/123456789?h=abcdef1234"],
)
def test_an_unlisted_vimeo_film_keeps_its_key(address: str) -> None:
    found = embed(address)
    assert found is not None
    assert found.player_url == f"{VIMEO}&h=abcdef1234"
    assert found.page_url == "https://vimeo.com/123456789/abcdef1234"


@pytest.mark.parametrize(
    "address",
    [
        None, "", "dQw4w9WgXcQ", "javascript:alert(1)", "http://www.youtube.com/watch?v=dQw4w9WgXcQ",
        "https://www.youtube.com.evil.example/watch?v=dQw4w9WgXcQ", "https://evil.example/watch?v=dQw4w9WgXcQ",
        "https://www.youtube.com@evil.example/watch?v=dQw4w9WgXcQ", "https://www.youtube.com:444/watch?v=dQw4w9WgXcQ",
        "https://user@www.youtube.com/watch?v=dQw4w9WgXcQ", "https://www.youtube.com/watch?v=short",
        "https://www.youtube.com/watch?v=dQw4w9WgXcQ%22onload", "https://www.youtube.com/embed/a/dQw4w9WgXcQ",
        "https://youtu.be/", "https://vimeo.com/channels/staffpicks/123456789", "https://vimeo.com/12345678901234",
        "https://vimeo.com/१२३४५६७८९", "https://[::1", "https://www.youtube.com:x/watch?v=dQw4w9WgXcQ",
        "https://www.youtube.com/watch?v=dQw4w9WgXcQ\n<script>" + "x" * 300,
    ],
)  # fmt: skip
def test_everything_else_is_no_film(address: str | None) -> None:
    assert embed(address) is None


@given(st.text(max_size=120).map(lambda tail: f"https://www.youtube.com/{tail}") | st.text(max_size=200))
def test_no_address_breaks_out_of_the_player(address: str) -> None:
    found = embed(address)
    assert found is None or (found.player_url.isascii() and not set(found.player_url) & set("\"'<> \n\\"))

"""Videos as photos and a sound: what comes out, what is refused, and how a catalogue reads them."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from catalog.media import open_photo, open_sound, probe_media
from catalog.media.video import is_video, video_parts
from catalog.snapshot.media_store import MediaStore
from catalog.snapshot.shards import read_raw_products
from catalog.snapshot.write import write_snapshot
from shelfspace.errors import MediaError
from shelfspace.settings import Media, load_settings
from tests.catalog.shelf import photo, product, write_catalogue

av = pytest.importorskip("av", reason="extra video is not installed")

COLOURS = ((220, 20, 20), (20, 200, 20), (20, 20, 220))


def video(
    seconds: float = 3.0,
    sound: float | None = 440.0,
    form: str = "mp4",
    size: int = 64,
    quiet: bool = False,
    sides: tuple[float, ...] = (1.0,),
) -> bytes:
    """Red, then green, then blue, a third of the time each; a tone beside it, on each side so loud."""
    stream = io.BytesIO()
    with av.open(stream, "w", format=form) as container:
        pictures = container.add_stream("mpeg4" if form == "mp4" else "libvpx", rate=10)
        pictures.width = pictures.height = size
        pictures.pix_fmt = "yuv420p"
        heard = container.add_stream("aac" if form == "mp4" else "libopus", rate=48_000) if sound else None
        if heard is not None:
            heard.layout = "mono" if len(sides) == 1 else "stereo"
        frames = round(seconds * 10)
        for i in range(frames):
            pixels = np.full((size, size, 3), COLOURS[3 * i // frames], dtype=np.uint8)
            container.mux(pictures.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(pictures.encode())
        if heard is not None:
            t = np.arange(round(seconds * 48_000)) / 48_000
            wave = (0 if quiet else 0.5) * np.sin(2 * np.pi * sound * t)
            frame = av.AudioFrame.from_ndarray(
                np.rint(np.outer(wave, sides) * 32767).astype(np.int16).reshape(1, -1),
                format="s16",
                layout="mono" if len(sides) == 1 else "stereo",
            )
            frame.sample_rate = 48_000
            container.mux(heard.encode(frame))
            container.mux(heard.encode())
    return stream.getvalue()


@pytest.mark.parametrize("form", ["mp4", "webm"])
def test_frames_come_from_all_over_the_video_and_the_tone_is_heard(form: str) -> None:
    parts = video_parts(video(form=form), Media())
    assert list(parts) == ["frame-1.jpg", "frame-2.jpg", "frame-3.jpg", "sound.wav"]
    for name, colour in zip(list(parts)[:3], COLOURS, strict=True):
        pixels = np.asarray(open_photo(parts[name], Media()))
        assert pixels.shape == (64, 64, 3)
        assert np.abs(pixels.mean(axis=(0, 1)) - colour).max() < 25
    wave, rate = open_sound(parts["sound.wav"], Media())
    assert len(wave) / rate == pytest.approx(3.0, abs=0.1)
    spectrum = np.abs(np.fft.rfft(wave[: 2 * rate]))
    assert spectrum.argmax() / 2 == pytest.approx(440, abs=2)
    assert video_parts(video(form=form), Media()) == parts


@pytest.mark.parametrize("form", ["mp4", "webm"])
@pytest.mark.parametrize(("sides", "loud"), [((1.0, -1.0), 0.5), ((0.5, -1.0), 0.5), ((1.0, 0.5), 0.375)])
def test_sides_that_cancel_give_the_louder(form: str, sides: tuple[float, float], loud: float) -> None:
    wave, rate = open_sound(video_parts(video(form=form, sides=sides), Media())["sound.wav"], Media())
    assert np.percentile(np.abs(wave), 99) == pytest.approx(loud, rel=0.1)
    assert np.abs(np.fft.rfft(wave[: 2 * rate])).argmax() / 2 == pytest.approx(440, abs=2)


def test_without_a_soundtrack_or_with_a_silent_one_there_is_no_sound() -> None:
    assert "sound.wav" not in video_parts(video(sound=None), Media())
    assert "sound.wav" not in video_parts(video(quiet=True), Media())


def test_a_long_soundtrack_is_cut_at_the_cap_and_the_frames_are_as_many_as_asked_for() -> None:
    limits = Media(max_sound_seconds=1, video_frames=2)
    parts = video_parts(video(), limits)
    assert list(parts) == ["frame-1.jpg", "frame-2.jpg", "sound.wav"]
    wave, rate = open_sound(parts["sound.wav"], limits)
    assert len(wave) == rate


@pytest.mark.parametrize(
    ("data", "limits", "field"),
    [
        (b"", Media(), "video.bytes"),
        (b"#EXTM3U\nfile:///etc/passwd\n", Media(), "video.format"),
        (video(), Media(video_formats=("WEBM",)), "video.format"),
        (video(), Media(max_video_bytes=100), "video.bytes"),
        (video(), Media(max_video_seconds=1), "video.seconds"),
        (video(), Media(max_photo_megapixels=0.001), "video.pixels"),
        (video()[:300], Media(), "video.data"),
        (b"\x00\x00\x00\x18ftypisom" + b"\x00" * 500, Media(), "video.data"),
        (b"\x1aE\xdf\xa3" + b"\x07" * 500, Media(), "video.data"),
    ],
    ids=["empty", "playlist", "format", "bytes", "seconds", "pixels", "truncated", "mp4", "webm"],
)
def test_what_is_refused_says_why(data: bytes, limits: Media, field: str) -> None:
    with pytest.raises(MediaError) as refusal:
        video_parts(data, limits)
    assert refusal.value.field == field


def test_videos_are_told_by_their_signature() -> None:
    assert is_video(video())
    assert is_video(video(form="webm"))
    assert not is_video(photo("red"))


def test_a_catalogue_reads_videos_as_further_photos_and_sounds(tmp_path: Path) -> None:
    rows = [product(0, photos="0.png"), product(1), product(2), product(3)]
    source = write_catalogue(tmp_path / "shop", rows, None, {"0.png": photo("red")})
    table = pd.read_csv(tmp_path / "shop" / "products.csv", dtype=str, keep_default_na=False)
    table["videos"] = ["a.mp4", "b.mp4|gone.mp4", "", "long.mp4"]
    table.to_csv(tmp_path / "shop" / "products.csv", index=False)
    media = tmp_path / "shop" / "media"
    (media / "a.mp4").write_bytes(video())
    (media / "b.mp4").write_bytes(video(sound=None))
    (media / "long.mp4").write_bytes(video(seconds=6))
    settings = load_settings(overrides={"media": {"max_video_seconds": 5}})

    report = write_snapshot(source, tmp_path / "snapshot", settings, progress=False)
    read = read_raw_products(tmp_path / "snapshot")
    assert "videos" not in read
    frames = [f"a.mp4#frame-{i}.jpg" for i in (1, 2, 3)]
    assert read["photos"][0] == str(["0.png", *frames]).replace("'", '"')
    assert read["sounds"].tolist() == ['["a.mp4#sound.wav"]', "", "", ""]
    assert read["photos"].tolist()[2:] == ["", '["long.mp4"]']
    store = MediaStore.open(tmp_path / "snapshot")
    assert set(frames) | {"a.mp4#sound.wav", "b.mp4#frame-1.jpg", "long.mp4"} <= set(store.keys())
    assert report.missing_media == 1

    findings = probe_media(store, store.keys(), "photos", settings.media, progress=False)
    refused = findings[~findings["ok"] & (findings["key"] == "long.mp4")]
    assert refused["field"].tolist() == ["video.seconds"]
    assert findings[findings["key"].isin(frames)]["ok"].all()
    again = write_snapshot(source, tmp_path / "snapshot", settings, progress=False)
    assert again.unchanged

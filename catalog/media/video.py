"""Opening one video: checks of its header first, then a few frames as photos and the soundtrack as a sound.

Read with PyAV (extra `video`). The demuxer is named by the file's signature, so that no playlist or
text that poses as a video is followed; frames that the header does not announce are refused.
"""

import io
from fractions import Fraction
from typing import Any

import numpy as np
import soundfile

from catalog.media.headers import check_file, sniff
from catalog.media.sound import MIN_SECONDS, SILENCE, loudest_of_cancelled
from shelfspace.errors import MediaError, SettingsError
from shelfspace.settings import Media

__all__ = ["is_video", "video_parts"]

DEMUXERS = {"MP4": "mp4", "WEBM": "matroska"}
SOUND_RATE = 48_000
"""Rate of the soundtrack that is written, in Hz."""
WHOLE = "send the whole, undamaged file; it does not decode"


def is_video(data: bytes) -> bool:
    """Whether the first bytes are those of an MP4 (also MOV) or a WebM (also Matroska)."""
    return sniff(data) in DEMUXERS


def video_parts(data: bytes, limits: Media) -> dict[str, bytes]:
    """Frames as JPEG files `frame-1.jpg` ..., evenly spread, and `sound.wav` where it can be heard.

    The same bytes give the same parts. A soundtrack longer than `max_sound_seconds` is cut there.

    Raises:
        MediaError: no allowed format, over a cap, damaged, or without pictures.
        SettingsError: PyAV is not installed.
    """
    found = check_file(data, "video", limits.video_formats, limits.max_video_bytes)
    try:
        import av
    except ImportError as error:
        remedy = "install the extra: pip install 'shelfspace[video]', or leave the videos column out"
        raise SettingsError("videos", found, remedy) from error
    try:
        with av.open(io.BytesIO(data), format=DEMUXERS[found]) as container:
            seconds = _check_header(container, limits)
            parts = _frames(container, seconds, limits)
            sound = _soundtrack(container, limits) if container.streams.audio else None
    except (av.error.FFmpegError, ValueError, OSError, MemoryError, EOFError) as error:
        raise MediaError("video.data", f"{found}: {error}", WHOLE) from error
    return parts if sound is None else {**parts, "sound.wav": sound}


def _check_header(container: Any, limits: Media) -> float:
    """Seconds of a video whose length and picture size are known and allowed."""
    if not container.streams.video:
        raise MediaError("video.data", "no picture", "send a video with pictures, or a sound as a sound")
    stream = container.streams.video[0]
    _check_pixels(stream.codec_context.width, stream.codec_context.height, limits)
    if container.duration is None or container.duration <= 0:
        raise MediaError("video.seconds", container.duration, "send a video whose header says its length")
    seconds = container.duration / 1_000_000
    if seconds > limits.max_video_seconds:
        remedy = f"send at most {limits.max_video_seconds:g} seconds"
        raise MediaError("video.seconds", round(seconds, 3), remedy)
    return seconds


def _check_pixels(width: int, height: int, limits: Media) -> None:
    if width < 1 or height < 1 or width * height > limits.max_photo_megapixels * 1e6:
        remedy = f"send pictures of at most {limits.max_photo_megapixels:g} megapixels"
        raise MediaError("video.pixels", f"{width}x{height}", remedy)


def _frames(container: Any, seconds: float, limits: Media) -> dict[str, bytes]:
    """One frame from the middle of each of `video_frames` equal parts; fewer where they coincide."""
    stream = container.streams.video[0]
    parts: dict[str, bytes] = {}
    shown: set[Any] = set()
    # More frames than any camera takes: a header that lies about the length.
    most = round(limits.max_video_seconds * 240)
    for part in range(limits.video_frames):
        wanted = seconds * (part + 0.5) / limits.video_frames
        container.seek(round(wanted * 1_000_000))
        frame = None
        for count, decoded in enumerate(container.decode(stream)):
            _check_pixels(decoded.width, decoded.height, limits)
            frame = decoded
            if decoded.time is None or decoded.time >= wanted - 1e-3 or count > most:
                break
        if frame is not None and frame.pts not in shown:
            shown.add(frame.pts)
            stream_out = io.BytesIO()
            frame.to_image().save(stream_out, "JPEG", quality=92)
            parts[f"frame-{len(parts) + 1}.jpg"] = stream_out.getvalue()
    if not parts:
        raise MediaError("video.data", "no frame", WHOLE)
    return parts


def _soundtrack(container: Any, limits: Media) -> bytes | None:
    """The first soundtrack as a WAV of one channel: the mean, or the louder where left and right cancel; None
    when it is too short or too quiet to be a sound."""
    import av

    container.seek(0)
    several = container.streams.audio[0].channels > 1
    layouts = ("mono", "stereo") if several else ("mono",)
    resamplers = [av.AudioResampler(format="s16", layout=layout, rate=SOUND_RATE) for layout in layouts]
    most = round(Fraction(limits.max_sound_seconds) * SOUND_RATE)
    blocks: list[list[np.ndarray]] = [[np.zeros((0, channels), np.int16)] for channels in (1, 2)]
    samples = 0
    for frame in container.decode(container.streams.audio[0]):
        for channels, (resampler, own) in enumerate(zip(resamplers, blocks, strict=False), 1):
            own += [made.to_ndarray().reshape(-1, channels) for made in resampler.resample(frame)]
        samples = sum(map(len, blocks[0]))
        if samples >= most:
            break
    wave, sides = np.concatenate(blocks[0])[:most, 0], np.concatenate(blocks[1])[:most]
    if len(sides):
        power = [np.var(one, dtype=np.float64) for one in (*sides.T, wave)]
        louder = loudest_of_cancelled(np.array(power))
        wave = wave if louder is None else sides[:, louder]
    if len(wave) < MIN_SECONDS * SOUND_RATE or np.abs(wave.astype(np.int32)).max() < SILENCE * 32768:
        return None
    written = io.BytesIO()
    soundfile.write(written, wave, SOUND_RATE, format="WAV", subtype="PCM_16")
    return written.getvalue()

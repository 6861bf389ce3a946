#!/usr/bin/env python3
"""Time of `polyphase resample` on files, beside sox and ffmpeg.

    cargo build --release -p polyphase-cli
    python3 benches/files.py [PROGRAM]        (default: target/release/polyphase)

Makes 60 recordings of 25 s at 48 kHz in stereo, of noise with a pink spectrum and of chords, as WAV, FLAC and MP3, and
converts each set to 16 kHz with two workers. Prints the user CPU time of each program and the ratios, the least of
three rounds that take turns. Needs sox, ffmpeg, flac and lame.
"""
import os, pathlib, resource, shutil, subprocess, sys, tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
POLYPHASE = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "target/release/polyphase")
COUNT, SECONDS, ROUNDS, WORKERS = 60, 25, 3, 2


def run(*command):
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def user_seconds(work):
    """User CPU seconds of the child processes that `work` starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    work()
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def for_each(folder, command):
    """Runs `command` for every file in a folder, with WORKERS processes at a time."""
    files = sorted(folder.iterdir())
    running = []
    for path in files:
        if len(running) == WORKERS:
            assert running.pop(0).wait() == 0
        command_line = [str(part) for part in command(path)]
        running.append(subprocess.Popen(command_line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    for process in running:
        assert process.wait() == 0


def make(base):
    """The recordings, one folder for each format."""
    for kind in ("wav", "flac", "mp3"):
        (base / kind).mkdir()
    for index in range(COUNT):
        wav = base / "wav" / f"{index:02}.wav"
        notes = [110 * 2 ** ((index * 5 + step) % 24 / 12) for step in (0, 4, 7, 12)]
        synth = ["pinknoise", "sine", notes[0], "triangle", notes[1], "sine", notes[2], "pinknoise"]
        run("sox", "-R", "-n", "-r", 48000, "-c", 2, "-b", 16, wav, "synth", SECONDS, *synth, "remix", "1v0.2,2v0.3,3v0.1",
            "4v0.3,2v0.1,1v0.1", "tremolo", 3 + index % 5, 60)
        run("flac", "-s", "-5", "-o", base / "flac" / f"{index:02}.flac", wav)
        run("lame", "--quiet", "-b", "160", wav, base / "mp3" / f"{index:02}.mp3")


def polyphase(source, out, kind):
    shutil.rmtree(out, ignore_errors=True)
    run(POLYPHASE, "resample", source, "--rate", 16000, "--preset", "high", "--out", out, "--format", kind,
        "--threads", WORKERS, "--backend", "cpu", "--quiet")


def sox(source, out, kind):
    out.mkdir(exist_ok=True)
    for_each(source, lambda path: ["sox", path, "-r", 16000, out / f"{path.stem}.{kind}"])


def ffmpeg(source, out, kind):
    out.mkdir(exist_ok=True)
    for_each(source, lambda path: ["ffmpeg", "-v", "error", "-y", "-threads", 1, "-i", path, "-ar", 16000,
                                   out / f"{path.stem}.{kind}"])


def main():
    folder = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(dir=folder) as base:
        base = pathlib.Path(base)
        make(base)
        print(f"{COUNT} recordings of {SECONDS} s, 48 kHz stereo to 16 kHz: user CPU seconds, least of {ROUNDS}")
        for source, kind, peer in (("wav", "wav", sox), ("flac", "wav", sox), ("flac", "flac", ffmpeg),
                                   ("mp3", "wav", ffmpeg)):
            own, other = [], []
            for _ in range(ROUNDS):
                own.append(user_seconds(lambda: polyphase(base / source, base / "own", kind)))
                other.append(user_seconds(lambda: peer(base / source, base / "peer", kind)))
            print(f"{source:4} to {kind:4}  polyphase {min(own):5.2f}  {peer.__name__:6} {min(other):5.2f}"
                  f"  ratio {min(own) / min(other):.2f}", flush=True)


main()

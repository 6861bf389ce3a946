// Plays one of two signals, and changes over to the other at the same time of the recording.

export class Player {
  #context = null;
  #source = null;
  #playing = null;
  #began = 0;
  #onChange;

  /** `onChange` is called with the name of what plays, or null. */
  constructor(onChange) {
    this.#onChange = onChange;
  }

  /** What plays: its name, or null. */
  get playing() {
    return this.#playing;
  }

  /** Seconds since the beginning of the signal. */
  get position() {
    return this.#context ? this.#context.currentTime - this.#began : 0;
  }

  /** Readies the speakers. Browsers allow it while a button is pressed. */
  wake() {
    this.#context ??= new AudioContext();
    return this.#context.resume();
  }

  /** Plays channels of samples. While another signal plays, it goes on at that one's position. */
  async play(name, { rate, channels }) {
    await this.wake();
    const [{ length }] = channels;
    if (length === 0) {
      throw new Error("there are no samples to play");
    }
    let buffer;
    try {
      buffer = this.#context.createBuffer(channels.length, length, rate);
    } catch (error) {
      throw new Error(`this browser cannot play ${channels.length} × ${rate} Hz: ${error.message}`);
    }
    channels.forEach((channel, index) => buffer.copyToChannel(channel, index));
    const offset = this.#playing ? this.position : 0;
    this.#silence();
    this.#source = this.#context.createBufferSource();
    this.#source.buffer = buffer;
    this.#source.connect(this.#context.destination);
    this.#source.onended = () => this.stop();
    this.#source.start(0, Math.min(offset, buffer.duration));
    this.#began = this.#context.currentTime - offset;
    this.#playing = name;
    this.#onChange(name);
  }

  /** Stops, so that the next signal plays from its beginning. */
  stop() {
    if (this.#playing) {
      this.#silence();
      this.#playing = null;
      this.#onChange(null);
    }
  }

  #silence() {
    if (this.#source) {
      this.#source.onended = null;
      this.#source.stop();
      this.#source.disconnect();
      this.#source = null;
    }
  }
}

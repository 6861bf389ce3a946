// Records one channel from the microphone, as it is: without a codec, and without the processing for calls.

/** Longest recording in seconds. */
const LONGEST = 600;

export class Recorder {
  #stream;
  #context;
  #blocks = [];
  #frames = 0;

  /** Starts to record. `onProgress` is called with the seconds so far, `onEnd` when the recording must end. */
  static async start(onProgress, onEnd) {
    if (!navigator.mediaDevices?.getUserMedia) {
      throw new Error("browsers record for pages from https or localhost alone, and this page is from neither");
    }
    const recorder = new Recorder();
    const audio = { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    recorder.#stream = await navigator.mediaDevices.getUserMedia({ audio }).catch((error) => {
      const reasons = {
        NotAllowedError: "the browser was told not to let this page use the microphone",
        NotFoundError: "there is no microphone",
      };
      throw new Error(reasons[error.name] ?? `the microphone cannot be used: ${error.message}`);
    });
    try {
      await recorder.#connect(onProgress, onEnd);
    } catch (error) {
      recorder.stop();
      throw error;
    }
    return recorder;
  }

  async #connect(onProgress, onEnd) {
    this.#context = new AudioContext();
    await this.#context.audioWorklet.addModule(new URL("recorder-worklet.js", import.meta.url));
    const options = { numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit" };
    const node = new AudioWorkletNode(this.#context, "recorder", options);
    node.port.onmessage = ({ data }) => {
      this.#blocks.push(data);
      this.#frames += data.length;
      const seconds = this.#frames / this.#context.sampleRate;
      seconds < LONGEST ? onProgress(seconds) : onEnd();
    };
    this.#context.createMediaStreamSource(this.#stream).connect(node);
    // Unplugging the microphone ends its track.
    this.#stream.getAudioTracks().forEach((track) => (track.onended = onEnd));
  }

  /** Ends the recording, and returns its samples and rate. */
  stop() {
    this.#stream.getTracks().forEach((track) => track.stop());
    this.#context?.close();
    const samples = new Float32Array(this.#frames);
    let at = 0;
    for (const block of this.#blocks) {
      samples.set(block, at);
      at += block.length;
    }
    return { name: "Microphone", samples, rate: this.#context?.sampleRate };
  }
}

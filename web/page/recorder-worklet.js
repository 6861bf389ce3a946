// Sends what the microphone hears to the page, block by block.

registerProcessor(
  "recorder",
  class extends AudioWorkletProcessor {
    process([[channel]]) {
      if (channel) {
        this.port.postMessage(channel);
      }
      return true;
    }
  },
);

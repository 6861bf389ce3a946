// The worker that decodes and resamples, so that the page stays responsive, as functions that return promises.

export class Engine {
  #worker;
  #calls = new Map();
  #count = 0;
  #onRestart;

  /** `onRestart` is called when the worker had to start anew: it holds no recording then. */
  constructor(onRestart) {
    this.#onRestart = onRestart;
    this.#start();
  }

  /** Calls a function of the worker. `transfer` lists buffers that move there. */
  call(name, argument, transfer = []) {
    const id = this.#count++;
    return new Promise((resolve, reject) => {
      this.#calls.set(id, { resolve, reject });
      this.#worker.postMessage({ id, name, argument }, transfer);
    });
  }

  #start() {
    this.#worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
    this.#worker.onmessage = ({ data }) => this.#settle(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#restart(event.message || "the worker of this page could not be started");
    };
  }

  #settle({ id, value, message, stopped }) {
    if (stopped) {
      this.#restart(message);
      return;
    }
    const { resolve, reject } = this.#calls.get(id);
    this.#calls.delete(id);
    message === undefined ? resolve(value) : reject(new Error(message));
  }

  /** Replaces a worker whose memory is in an unknown state. Its calls fail. */
  #restart(message) {
    this.#worker.terminate();
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    // A worker that fails before it is asked for anything would fail again, without end.
    if (calls.length > 0) {
      this.#start();
    }
    calls.forEach(({ reject }) => reject(new Error(message)));
    this.#onRestart();
  }
}

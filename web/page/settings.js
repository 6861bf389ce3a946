// The form with the new rate, the filter and the channels.

/** Filters by name, as the library has them, and what they are. */
const PRESETS = [
  ["high", "high: 120 dB", "Aliases 120 dB below the signal, pass band up to 0.913 of the lower Nyquist frequency."],
  ["fast", "fast: 80 dB", "Aliases 80 dB below the signal, pass band up to 0.8 of the lower Nyquist frequency."],
  ["best", "best: 150 dB", "Aliases 150 dB below the signal, pass band up to 0.95 of the lower Nyquist frequency."],
  [
    "default",
    "torchaudio default",
    "Width 6, rolloff 0.99, Hann. Lets aliases through at −14 dB near the band's edge.",
  ],
  ["kaiser_best", "torchaudio kaiser_best", "Width 64, rolloff 0.9476, Kaiser with beta 14.77."],
  ["kaiser_fast", "torchaudio kaiser_fast", "Width 16, rolloff 0.85, Kaiser with beta 8.556."],
  ["resampy_kaiser_best", "resampy kaiser_best", "50 zeros on each side, rolloff 0.9173, Kaiser with beta 12.98."],
  ["resampy_kaiser_fast", "resampy kaiser_fast", "24 zeros on each side, rolloff 0.8682, Kaiser with beta 9.903."],
  ["", "by hand…", "torchaudio's parameters of the window and of its width in zero crossings."],
];

/** Field of each option that the messages of the library name. */
const FIELDS = {
  lowpass_filter_width: "width",
  lowpassFilterWidth: "width",
  rolloff: "rolloff",
  beta: "beta",
  orig_freq: "rate",
  new_freq: "rate",
  origFreq: "rate",
  newFreq: "rate",
  "is a ratio": "rate",
};

const element = (id) => document.getElementById(id);

/** Value of a field that was refused. */
class FieldError extends Error {
  constructor(field, message) {
    super(message);
    this.field = field;
  }
}

/** Fills the form, and calls `onChange` when a value changes. */
export function watchSettings(onChange) {
  element("preset").append(...PRESETS.map(([value, name]) => new Option(name, value)));
  const changed = () => {
    showFields();
    onChange();
  };
  element("settings").addEventListener("change", changed);
  element("settings").addEventListener("submit", (event) => event.preventDefault());
  showFields();
}

/** Shows the fields that the choices need. */
function showFields() {
  element("any-rate-field").hidden = element("rate").value !== "";
  element("by-hand").hidden = element("preset").value !== "";
  element("beta-field").hidden = element("window").value !== "kaiser";
  element("preset-note").textContent = PRESETS.find(([value]) => value === element("preset").value)[2];
}

/** Reads the form. Returns null, and says why beside the field, if a value is no number. */
export function readSettings() {
  clearErrors();
  try {
    return { newFreq: readRate(), options: readFilter(), mono: element("channels").value === "mono" };
  } catch (error) {
    if (!(error instanceof FieldError)) {
      throw error;
    }
    showError(error.field, error.message);
    return null;
  }
}

/** Shows a message of the library beside the field that it names. Returns false if it names none. */
export function showLibraryError(message) {
  const name = Object.keys(FIELDS).find((name) => message.includes(name));
  if (name) {
    showError(FIELDS[name], message);
  }
  return name !== undefined;
}

function readRate() {
  const chosen = element("rate").value;
  const rate = chosen === "" ? readNumber("any-rate", "the new rate") : Number(chosen);
  if (!(rate > 0)) {
    throw new FieldError("rate", `the new rate is ${rate}: it must be above 0`);
  }
  return rate;
}

function readFilter() {
  const preset = element("preset").value;
  if (preset !== "") {
    return { preset };
  }
  const options = {
    lowpassFilterWidth: readNumber("width", "the width"),
    rolloff: readNumber("rolloff", "the rolloff"),
    window: element("window").value,
  };
  return options.window === "kaiser" ? { ...options, beta: readNumber("beta", "beta") } : options;
}

function readNumber(field, name) {
  const text = element(field).value.trim();
  if (text === "" || !Number.isFinite(Number(text))) {
    throw new FieldError(field, `${name} must be a number, not \u201c${text}\u201d`);
  }
  return Number(text);
}

function clearErrors() {
  for (const field of ["rate", "any-rate", "width", "rolloff", "beta"]) {
    element(field).removeAttribute("aria-invalid");
  }
  element("rate-error").textContent = element("filter-error").textContent = "";
}

function showError(field, message) {
  const isRate = field === "rate" || field === "any-rate";
  const shown = isRate && element("rate").value === "" ? "any-rate" : field;
  element(shown).setAttribute("aria-invalid", "true");
  element(isRate ? "rate-error" : "filter-error").textContent = message;
}

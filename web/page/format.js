// Numbers as text.

/** Rounds to significant digits, without trailing zeros. */
export function digits(value, count = 3) {
  if (value === 0 || !Number.isFinite(value)) {
    return String(value);
  }
  const rounded = Number(value.toPrecision(count));
  return grouped(rounded);
}

/** A number with narrow spaces between groups of three digits, and a minus sign. */
export function grouped(value) {
  const [whole, decimals] = String(Math.abs(value)).split(".");
  const spaced = whole.length > 4 ? whole.replace(/\B(?=(\d{3})+$)/g, "\u202f") : whole;
  return (value < 0 ? "\u2212" : "") + spaced + (decimals ? `.${decimals}` : "");
}

/** A duration in ms or s. */
export function duration(ms) {
  return ms < 1000 ? `${digits(ms)}\u202fms` : `${digits(ms / 1000)}\u202fs`;
}

/** Seconds, or minutes and seconds. */
export function clock(seconds) {
  if (seconds < 60) {
    return `${digits(seconds)}\u202fs`;
  }
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}\u202fmin`;
}

/** A count of things. */
export function count(number, thing) {
  return `${grouped(number)} ${thing}${number === 1 ? "" : "s"}`;
}

/** Rate, channels and length of a signal. */
export function signal({ rate, channels, frames }) {
  const kind = channels === 1 ? "mono" : channels === 2 ? "stereo" : `${channels} channels`;
  return `${rate} Hz, ${kind}, ${clock(frames / rate)}`;
}

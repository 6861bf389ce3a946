// Example signals of one channel, made in code.

/** Rate of the examples in Hz. */
const RATE = 48000;

/** Sweep of torchaudio's resampling tutorial: 1 s from 0 Hz to half the rate, where log(frequency + 201 Hz) rises
    linearly. */
export function sweep() {
  const offset = 201;
  const [first, last] = [Math.log(offset), Math.log(offset + RATE / 2)];
  const samples = new Float32Array(RATE);
  let cycles = 0;
  samples.forEach((_, index) => {
    const frequency = Math.exp(first + ((last - first) * index) / (RATE - 1)) - offset;
    cycles += frequency / RATE;
    samples[index] = Math.sin(2 * Math.PI * cycles);
  });
  return { name: "Sweep", rate: RATE, samples };
}

/** Formants in Hz of the vowels of the voice. */
const VOWELS = [
  [730, 1090, 2440, 3400], // a
  [530, 1840, 2480, 3500], // e
  [270, 2290, 3010, 3700], // i
  [570, 840, 2410, 3300], // o
  [300, 870, 2240, 3200], // u
];

/** Bandwidths of the formants in Hz, and their amplitudes. */
const BANDWIDTHS = [80, 100, 140, 200];
const AMPLITUDES = [1, 0.6, 0.35, 0.2];

/** Seconds of a syllable: a hiss like that of an s, and a vowel that glides into the next one. */
const HISS = 0.16;
const VOWEL = 0.44;

/** Synthetic sound like a voice: pulses through resonances that glide from vowel to vowel, and hisses between them. */
export function voice() {
  const syllable = HISS + VOWEL;
  const samples = new Float32Array(Math.round(VOWELS.length * syllable * RATE));
  const resonances = BANDWIDTHS.map(() => ({ last: 0, before: 0 }));
  const hiss = { last: 0, before: 0 };
  let phase = 0;
  let noise = 1;
  samples.forEach((_, index) => {
    const seconds = index / RATE;
    const which = Math.floor(seconds / syllable);
    const inSyllable = seconds - which * syllable;
    const inVowel = (inSyllable - HISS) / VOWEL;
    const glide = Math.max(0, inVowel);
    noise = (Math.imul(noise, 1664525) + 1013904223) >>> 0;
    const white = noise / 2 ** 31 - 1;

    // One pulse a period. The pitch falls and trembles.
    const pitch = 125 - 6 * seconds + 2.5 * Math.sin(2 * Math.PI * 5.5 * seconds);
    phase += pitch / RATE;
    const pulse = phase >= 1 ? 1 : 0;
    phase -= pulse;

    const source = pulse * envelope(inVowel) + 0.004 * white * envelope(inVowel);
    const [from, to] = [VOWELS[which], VOWELS[(which + 1) % VOWELS.length]];
    let sum = 0;
    resonances.forEach((state, formant) => {
      const frequency = from[formant] + (to[formant] - from[formant]) * glide * glide;
      sum += AMPLITUDES[formant] * resonate(state, source, frequency, BANDWIDTHS[formant]);
    });
    const hissing = 0.05 * resonate(hiss, white * envelope(inSyllable / HISS), 7500, 4500);
    samples[index] = 2.2 * sum + hissing;
  });
  const peak = samples.reduce((peak, sample) => Math.max(peak, Math.abs(sample)), 0);
  return { name: "Voice", rate: RATE, samples: samples.map((sample) => (0.7 * sample) / peak) };
}

/** Rise and fall within 0 to 1; 0 outside. */
function envelope(position) {
  return position > 0 && position < 1 ? Math.min(1, 6 * position, 4 * (1 - position)) : 0;
}

/** Next output of a resonance of two poles, whose gain is 1 at its frequency. */
function resonate(state, input, frequency, bandwidth) {
  const radius = Math.exp((-Math.PI * bandwidth) / RATE);
  const angle = (2 * Math.PI * frequency) / RATE;
  const gain = (1 - radius) * Math.sqrt(1 - 2 * radius * Math.cos(2 * angle) + radius * radius);
  const output = gain * input + 2 * radius * Math.cos(angle) * state.last - radius * radius * state.before;
  state.before = state.last;
  state.last = output;
  return output;
}
